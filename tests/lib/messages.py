"""Small messages for the tests of mail."""

from helpdesk.lib.mime import ParsedMessage, parse


def message(headers: str, body: str | bytes = "") -> ParsedMessage:
    """Parse a message of these headers and this body."""
    data = body if isinstance(body, bytes) else body.encode()
    return parse(headers.strip("\n").encode() + b"\n\n" + data)


def codes(parsed: ParsedMessage) -> list[str]:
    """Return the codes of the defects."""
    return [defect.code for defect in parsed.defects]
