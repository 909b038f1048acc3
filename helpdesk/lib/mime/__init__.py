"""Mail as it really arrives, understood as far as it can be, without ever raising.

`parse` takes the raw bytes of a message and returns a `ParsedMessage`. What was wrong with the
message is listed in its defects; limits are in `Limits`. See docs/mail-parsing.md.
"""

from helpdesk.lib.mime.message import parse
from helpdesk.lib.mime.model import Address, Attachment, Defect, Limits, ParsedMessage

__all__ = ["Address", "Attachment", "Defect", "Limits", "ParsedMessage", "parse"]
