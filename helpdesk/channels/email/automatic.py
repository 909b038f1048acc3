"""Which mail a program wrote, so that no program of ours answers it (RFC 3834, section 2)."""

from helpdesk.lib.mime import ParsedMessage

_NOBODY = (
    *("noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply"),
    *("mailer-daemon", "postmaster", "bounce", "nobody@"),
)
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_SUPPRESSED = frozenset({"all", "autoreply", "oof"})
_LISTS = ("List-Id", "List-Post", "List-Unsubscribe", "Mailing-List")
_ANSWERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")


def is_nobody(address: str) -> bool:
    """Whether an address says of itself that nobody reads it."""
    return address.lower().startswith(_NOBODY)


def why_automatic(parsed: ParsedMessage, sender: str) -> str:
    """Return by what a message shows that a program wrote it; empty when it does not.

    A list counts: a receipt would reach everybody on it. A null sender is that of a bounce.
    """
    submitted = (parsed.header("Auto-Submitted") or "no").partition(";")[0].strip().lower()
    if submitted not in {"no", ""}:
        return "auto-submitted"
    if (parsed.header("Precedence") or "").strip().lower() in _BULK:
        return "precedence"
    if any(parsed.header(name) is not None for name in _LISTS):
        return "list"
    suppressed = (parsed.header("X-Auto-Response-Suppress") or "").lower().split(",")
    if not _SUPPRESSED.isdisjoint(word.strip() for word in suppressed):
        return "suppressed"
    if any(parsed.header(name) is not None for name in _ANSWERS):
        return "auto-reply"
    returned = parsed.header("Return-Path")
    if returned is not None and returned.strip() in {"", "<>"}:
        return "null-sender"
    kind = (parsed.header("Content-Type") or "").lower()
    if kind.startswith("multipart/report"):
        return "report"
    return "nobody" if is_nobody(sender) else ""
