"""The words that scripts show, in the reader's language."""


def js_strings() -> dict[str, str]:
    """Return the texts of the scripts by their keys."""
    return {}
