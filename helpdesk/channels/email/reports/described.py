"""What a report says, as an object for JSON: `helpdesk mail parse` prints it."""

from typing import Any

from helpdesk.channels.email.automatic import auto_reply_of, list_of
from helpdesk.channels.email.reports.model import Bounce
from helpdesk.channels.email.reports.recognise import read_report
from helpdesk.lib.mime import ParsedMessage


def described_report(message: ParsedMessage) -> dict[str, Any]:
    """Return what mail systems and programs say with a message; the same keys for every message.

    ``hard`` says that the address is no good, ``temporary`` that the mail is only late. What is
    no bounce has neither, no status and no addresses.
    """
    bounce = read_report(message)
    return {
        "bounce": _bounce(bounce),
        "auto_reply": auto_reply_of(message) or None if bounce is None else None,
        "list": list_of(message) or None,
    }


def _bounce(bounce: Bounce | None) -> dict[str, Any]:
    if bounce is None:
        return {
            "is_bounce": False,
            "hard": False,
            "temporary": False,
            "status": None,
            "reason": None,
            "addresses": [],
            "original_message_id": None,
            "failures": [],
        }
    return {
        "is_bounce": True,
        "hard": bounce.hard,
        "temporary": bounce.temporary,
        "status": bounce.status or None,
        "reason": bounce.reason,
        "addresses": list(bounce.addresses),
        "original_message_id": bounce.returned.message_id,
        "failures": [
            {
                "address": one.address or None,
                "status": one.status or None,
                "reason": one.reason,
                "hard": one.hard,
                "temporary": one.temporary,
                "said": one.said,
            }
            for one in bounce.failures
        ],
    }
