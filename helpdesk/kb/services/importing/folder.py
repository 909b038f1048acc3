"""Files to import, from a folder, a zip or one by one: bounded before anything is read."""

import io
import posixpath
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from flask_babel import lazy_gettext as _l

from helpdesk.people.errors import Refused

MAX_FILES = 5_000
MAX_FILE = 25 * 1024 * 1024
MAX_TOTAL = 400 * 1024 * 1024
MAX_PATH = 300


@dataclass(slots=True)
class Folder:
    """Files by their paths, ``/`` between the parts; each is read when it is asked for."""

    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    total: int = 0

    def add(self, path: str, size: int, read: Callable[[], bytes]) -> None:
        """Take a file in. Raises Refused when it gets too much."""
        path = posixpath.normpath(path.replace("\\", "/"))
        parts = path.split("/")
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if hidden or path.startswith("/") or len(path) > MAX_PATH:
            return
        self.total += size
        if len(self.files) >= MAX_FILES or self.total > MAX_TOTAL:
            raise Refused("import-large", _l("These are too many files, or too large."), "file")
        if size <= MAX_FILE:
            self.files[path] = read

    def read(self, path: str) -> bytes:
        """Return the bytes of a file. Raises KeyError."""
        return self.files[path]()

    def beside(self, path: str, name: str) -> str | None:
        """Return the path of a file that another one names; None for none of ours."""
        name = unquote(name).split("#")[0].split("?")[0]
        if not name or name.startswith("/"):
            return None
        found = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        return found if found in self.files else None


def of_path(path: Path) -> Folder:
    """Return a folder on this machine, a zip, or one file with what lies beside it."""
    if path.is_dir():
        return _of_directory(path)
    data = path.read_bytes()
    if path.suffix.lower() == ".zip":
        return of_zip(data)
    folder = _of_directory(path.parent, flat=True)
    return Folder(
        {key: read for key, read in folder.files.items() if key == path.name or not is_article(key)}
    )


def _of_directory(root: Path, *, flat: bool = False) -> Folder:
    folder = Folder()
    for file in sorted(root.glob("*" if flat else "**/*")):
        # What a link leads to may lie anywhere.
        if file.is_symlink() or not file.is_file():
            continue
        name = file.relative_to(root).as_posix()
        folder.add(name, file.stat().st_size, file.read_bytes)
    return folder


def of_upload(name: str, data: bytes) -> Folder:
    """Return what somebody sent: a zip, or one file. Raises Refused."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        return of_zip(data)
    folder = Folder()
    folder.add(name or "file", len(data), lambda: data)
    return folder


def of_zip(data: bytes) -> Folder:
    """Return the files of a zip, read one by one and never beyond what they may have."""
    folder = Folder()
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Refused("zip-bad", _l("This is no zip that can be read."), "file") from error
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise Refused("import-large", _l("These are too many files, or too large."), "file")
    for entry in entries:
        if entry.is_dir() or entry.flag_bits & 1:
            continue
        folder.add(entry.filename, entry.file_size, _reader(archive, entry))
    return folder


def _reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        with archive.open(entry) as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise Refused("file-large", _l("A file may have at most 25 MB."), "file")
        return data

    return read


def is_article(path: str) -> bool:
    """Whether a file holds articles rather than belonging to one."""
    return path.lower().endswith((".md", ".markdown", ".html", ".htm", ".csv"))
