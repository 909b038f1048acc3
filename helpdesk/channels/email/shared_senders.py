"""Domains whose word says nothing of a person or a firm: everybody may send through them."""

from helpdesk.people.services.organisations import PUBLIC_DOMAINS

_ANYBODYS = PUBLIC_DOMAINS | frozenset(
    {
        *("googlemail.com", "msn.com", "yahoo.co.jp", "yahoo.com.tw", "free.fr", "naver.com"),
        # Below it everybody has a name of their own, which is a fine one.
        *("onmicrosoft.com", "gappssmtp.com"),
    }
)
# Services that send and pass on mail for everybody, also under names below these.
_CARRIERS = (
    *("amazonses.com", "sendgrid.net", "sendgrid.com", "mailgun.org", "mailgun.net", "mailjet.com"),
    *("mcsv.net", "rsgsv.net", "mcdlv.net", "mandrillapp.com", "mailchimpapp.net", "mtasv.net"),
    *("sparkpostmail.com", "sparkpostmail1.com", "sendinblue.com", "brevosend.com", "smtp2go.com"),
    *("hubspotemail.net", "exacttarget.com", "constantcontact.com", "createsend.com"),
    *("mailersend.net", "elasticemail.com", "zendesk.com", "freshdesk.com", "freshemail.io"),
    *("protection.outlook.com", "googlegroups.com", "groups.io", "yahoogroups.com"),
    *("duckduckgo.com", "duck.com", "simplelogin.co", "anonaddy.com", "privaterelay.appleid.com"),
)


def is_shared(domain: str) -> bool:
    """Whether anybody may send mail in the name of a domain (in lower case)."""
    if "." not in domain or domain in _ANYBODYS:
        return True
    return any(domain == one or domain.endswith(f".{one}") for one in _CARRIERS)
