"""Reports that a sending service writes as JSON: Amazon SES, by mail from its topics.

The JSON is often wrapped twice and its long lines are broken by servers on the way, so it is not
parsed as a whole: the fields that are needed are looked for one by one.
"""

import re

from helpdesk.channels.email.reports.fields import Recipient
from helpdesk.lib.mime import ParsedMessage

_BROKEN_LINE = re.compile(r"!?\n[ \t]?")
_TYPE = re.compile(r'"(?:notification|event)Type"\s{0,3}:\s{0,3}"(Bounce|Complaint|DeliveryDelay)"')
_RECIPIENTS = re.compile(
    r'"(?:bounced|complained|delayed)Recipients"\s{0,3}:\s{0,3}\[([^\]]{1,20000})\]'
)
_FIELD = re.compile(r'"(emailAddress|status|diagnosticCode)"\s{0,3}:\s{0,3}"([^"]{0,2000})"')
_ACTIONS = {"Bounce": "failed", "Complaint": "complaint", "DeliveryDelay": "delayed"}


def notified(parsed: ParsedMessage) -> list[Recipient]:
    """Return what a notification says of each recipient; nothing for other mail."""
    if parsed.header("x-amz-sns-message-id") is None:
        return []
    text = _BROKEN_LINE.sub("", parsed.text[:100_000]).replace('\\"', '"')
    kind, block = _TYPE.search(text), _RECIPIENTS.search(text)
    if kind is None or block is None:
        return []
    found = []
    for one in block[1].split("}")[:50]:
        fields = dict(_FIELD.findall(one))
        if "emailAddress" in fields:
            said = fields.get("diagnosticCode", "").partition(";")[2]
            status = fields.get("status", "")
            found.append(Recipient(fields["emailAddress"], _ACTIONS[kind[1]], status, said.strip()))
    return found
