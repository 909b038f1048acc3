"""How texts name the files that lie beside them."""

import re
from urllib.parse import unquote

ADDRESS = re.compile(r"(\]\()([^()\s]{1,400})((?:[ \t]+\"[^\"]*\")?\))")
"""An address within Markdown, of a link or a picture, with what stands around it."""


def name_in(address: str) -> str:
    """Return the name by which an address may mean a file, folded."""
    return unquote(address).removeprefix("./").casefold()


def named_in(body: str) -> set[str]:
    """Return all that a text may name, folded: names of files, and other addresses."""
    return {name_in(match[2]) for match in ADDRESS.finditer(body)}
