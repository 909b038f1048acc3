"""What we add below an answer: its signature, and links to files too large to be attached.

All of it is in the language of whoever the answer goes to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from helpdesk.channels.email import shared, signatures
from helpdesk.channels.email.mailboxes import desk_language
from helpdesk.db import db
from helpdesk.lib.html import markdown_to_html
from helpdesk.notify.filled import the_desk
from helpdesk.people.models import Person
from helpdesk.tickets.models import Attachment, Entry
from helpdesk.web.i18n import file_size, language_of, short_date, zone

SEPARATOR = "-- "
"""The line above a signature, by which mail programs know it."""


@dataclass(frozen=True, slots=True)
class Added:
    """The same twice: for the text part and for the HTML part of a mail."""

    plain: str = ""
    html: str = ""


def reader_of(entry: Entry) -> Person | None:
    """Return to whom an answer is addressed first."""
    rows = (entry.envelope or {}).get("to")
    for row in rows if isinstance(rows, list) else []:
        person = db.session.get(Person, row["id"]) if isinstance(row, dict) else None
        if person is not None:
            return person
    return None


def below(entry: Entry, signature: str, files: Sequence[Attachment], until: datetime) -> Added:
    """Return what stands below an answer: links to its large files, then the signature."""
    reader = reader_of(entry)
    language = language_of(reader.language) if reader is not None else None
    with force_locale(language or desk_language()):
        links = _links(files, until) if files else Added()
    signed = _signed(signature) if signature else Added()
    return Added(links.plain + signed.plain, links.html + signed.html)


def _links(files: Sequence[Attachment], until: datetime) -> Added:
    last = until.astimezone(zone(the_desk().time_zone)).date()
    said = _("To download, until %(day)s:", day=short_date(last))
    lines, items = [said], []
    for row in files:
        name, size, url = row.name, file_size(row.size), shared.url(row.id, until)
        lines.append(f"- {name} ({size})\n  {url}")
        items.append(Markup('<li><a href="{}">{}</a> ({})</li>').format(url, name, size))
    html = Markup("<p>{}</p><ul>{}</ul>").format(said, Markup("").join(items))
    return Added("\n\n" + "\n".join(lines), str(html))


def _signed(signature: str) -> Added:
    plain = f"\n\n{SEPARATOR}\n{signatures.as_plain(signature)}"
    return Added(plain, f"<div>{SEPARATOR}<br>{markdown_to_html(signature)}</div>")
