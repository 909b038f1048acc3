"""What may not be in the repository."""

import re

from tests.architecture.source import relative, tracked_files

# Written in pieces, so that this file does not find itself.
MACHINE = ["/" + "work/", "/" + "tmp/hearth", "/" + "opt/", "/" + "root/", "/" + "home/"]
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "unpkg" + ".com",
    "jsdelivr" + ".net",
    "cdnjs" + ".com",
    "fonts.google" + "apis.com",
    "ajax.google" + "apis.com",
    "deb.debian" + ".org",
    "index" + "-url",
    "find" + "-links=",
]
SECRETS = ["PRIVATE" + " KEY-----", "AKIA" + "[0-9A-Z]{16}"]
TEXT_LIMIT = 2_000_000


def _matches(patterns: list[str]) -> list[str]:
    wanted = re.compile("|".join(patterns))
    found = []
    for file in tracked_files():
        if file.stat().st_size > TEXT_LIMIT:
            continue
        text = file.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if match := wanted.search(line):
                found.append(f"{relative(file)}:{number} {match.group()}")
    return found


def test_nothing_names_a_path_of_one_machine():
    # The guide to deployment puts the program where Debian's rules would, into a folder of its own.
    machine = "|".join(map(re.escape, MACHINE))
    assert not _matches([rf"(?<![\w.])({machine})(?!hearth\b)"])


def test_nothing_names_the_host_of_a_registry():
    assert not _matches([re.escape(host) for host in REGISTRIES])


def test_there_are_no_keys():
    assert not _matches(SECRETS)


def test_other_peoples_code_is_fetched_not_kept():
    kept = [
        relative(file)
        for file in tracked_files()
        if file.name.endswith((".min.js", ".min.css", ".map", ".mo"))
        or {"vendor", "node_modules"} & set(file.parts)
    ]
    assert not kept
