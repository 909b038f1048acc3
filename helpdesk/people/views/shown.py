"""How people are written on pages."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import gettext as _

from helpdesk.lib.clock import now
from helpdesk.people import contact_values
from helpdesk.people.models import ContactPoint, Organisation, Person
from helpdesk.people.search import desk_region
from helpdesk.web.i18n import local, short_date, zone


def region() -> str:
    """Return the desk's telephone region, read once a request."""
    if "phone_region" not in g:
        g.phone_region = desk_region()
    return str(g.phone_region)


def contact_text(point: ContactPoint) -> str:
    """Return an address or number as people write it."""
    return contact_values.show(point.kind, point.value, point.extension, region())


def contact_link(point: ContactPoint) -> str | None:
    """Return what a click on it opens: a call or nothing; mail is written on tickets."""
    if point.kind == "phone" and point.value:
        return f"tel:{point.value}" + (f";ext={point.extension}" if point.extension else "")
    return None


def address_of(person: Person, kind: str) -> str:
    """Return somebody's first address or number of a kind, or an empty text."""
    for point in person.contact_points:
        if point.kind == kind and point.retired_at is None:
            return contact_text(point)
    return ""


def zone_of(person: Person) -> ZoneInfo | None:
    """Return where somebody's clock stands: their own zone, their site's, their organisation's."""
    name = person.time_zone
    if not name and person.site is not None:
        name = person.site.time_zone
    if not name and person.organisation is not None:
        name = person.organisation.time_zone
    return zone(name) if name else None


def local_time(person: Person, moment: datetime | None = None) -> str:
    """Return what time it is for somebody, or an empty text when that is not known."""
    where = zone_of(person)
    if where is None:
        return ""
    here = (moment or now()).astimezone(where)
    place = where.key.rpartition("/")[2].replace("_", " ")
    return str(_("%(time)s in %(place)s", time=here.strftime("%H:%M"), place=place))


def contract_words(organisation: Organisation) -> str:
    """Return what support an organisation has bought: ``Gold, to 31 Mar 2027``."""
    level, until = organisation.support_level, organisation.support_until
    if not level or until is None:
        return level
    if until < local(now()).date():
        return str(_("%(level)s, ended %(day)s", level=level, day=short_date(until)))
    return str(_("%(level)s, to %(day)s", level=level, day=short_date(until)))
