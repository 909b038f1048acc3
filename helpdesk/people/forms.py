"""Forms of people and access."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import get_locale, gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    FileField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from helpdesk.people.models import ContactKind
from helpdesk.people.services import own
from helpdesk.web.forms import Form, Needed, choices
from helpdesk.web.i18n import LANGUAGES

NEEDED = Needed()

SPOKEN = (
    "ar", "bn", "cs", "da", "de", "el", "es", "fi", "fil", "fr", "he", "hi", "hu", "id", "it",
    "ja", "ko", "ms", "nb", "nl", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "ur", "vi", "yue",
)  # fmt: skip
"""Languages that customers may speak besides those of the desk's own pages."""


def language_choices(current: str | None = None) -> list[Any]:
    """Return languages for a person: the desk's own in their own words, others in the reader's."""
    locale = get_locale()
    others = sorted((_language_name(locale, code), code) for code in SPOKEN)
    offered = [("", gettext("Not known")), *LANGUAGES.items()]
    offered += [(code, name) for name, code in others]
    if current and current not in dict(offered):
        offered.append((current, current))
    return choices(offered)


def _language_name(locale: Any, code: str) -> str:
    names = locale.languages if locale is not None else {}
    return str(names.get(code) or code)


def own_language_choices() -> list[Any]:
    """Return the languages that our pages exist in."""
    return choices([("", gettext("As my browser says")), *LANGUAGES.items()])


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of the time zones people live in, without historic and technical ones."""
    places = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/",
              "Pacific/")  # fmt: skip
    return ("UTC", *sorted(zone for zone in available_timezones() if zone.startswith(places)))


def zone_choices(current: str | None = None, unset: str | None = None) -> list[Any]:
    """Return time zones; ``unset`` says what choosing none means."""
    offered = [("", unset or gettext("Not known"))]
    offered += [(zone, zone.replace("_", " ")) for zone in time_zones()]
    if current and current not in dict(offered):
        offered.append((current, current))
    return choices(offered)


def typed(field: StringField) -> str:
    """Return what was typed into a field; nothing is an empty text."""
    return field.data or ""


def number(field: IntegerField) -> int:
    """Return the number in a field that validation has found to be there."""
    return field.data or 0


# ---- Signing in ----


class SignIn(Form):
    """Login and password."""

    login = StringField(lazy_pgettext("address", "Email"), [NEEDED])
    password = PasswordField(_l("Password"), [NEEDED])
    next = HiddenField()


class Forgotten(Form):
    """Whose password is to be set anew."""

    login = StringField(lazy_pgettext("address", "Email"), [NEEDED])


class NewPassword(Form):
    """A password chosen by whoever has the link."""

    password = PasswordField(
        _l("New password"), [NEEDED], description=_l("At least 10 characters. A sentence is best.")
    )


# ---- One's own account ----


class OwnDetails(Form):
    """Name, language and time zone."""

    name = StringField(lazy_pgettext("person", "Name"), [NEEDED])
    language = SelectField(_l("Language"), [Optional()])
    time_zone = SelectField(_l("Time zone"), [Optional()])

    def offer(self, time_zone: str | None) -> "OwnDetails":
        """Fill in what can be chosen."""
        self.language.choices = own_language_choices()
        self.time_zone.choices = zone_choices(time_zone, gettext("As the desk’s"))
        return self


class Preferences(Form):
    """How the pages look and whether letters are keys."""

    theme = RadioField(
        _l("Theme"),
        choices=choices(
            [("system", _l("As the system")), ("light", _l("Light")), ("dark", _l("Dark"))]
        ),
    )
    density = RadioField(
        _l("Rows"),
        choices=choices(
            [
                ("compact", _l("Compact")),
                ("default", _l("Normal")),
                ("comfortable", _l("Roomy")),
            ]
        ),
    )
    keys = BooleanField(
        _l("One-letter keys"),
        description=_l("R replies, T takes. Turn them off if you speak to your computer."),
    )


class Availability(Form):
    """Whether one is there."""

    availability = SelectField(
        _l("Availability"),
        choices=choices(
            [
                (own.AVAILABILITIES[0], _l("Available")),
                (own.AVAILABILITIES[1], _l("Busy")),
                (own.AVAILABILITIES[2], _l("Away")),
            ]
        ),
    )


class ChangePassword(Form):
    """The old password and the new one."""

    old = PasswordField(_l("Password you have now"), [NEEDED])
    password = PasswordField(
        _l("New password"), [NEEDED], description=_l("At least 10 characters. A sentence is best.")
    )


# ---- People ----


class PersonFields(Form):
    """What can be said of a person, without addresses."""

    name = StringField(lazy_pgettext("person", "Name"), [NEEDED])
    call_name = StringField(_l("Known as"), description=_l("How they want to be addressed"))
    title = StringField(_l("Job title"))
    organisation_id = IntegerField(_l("Organisation"), [Optional()])
    site_id = SelectField(_l("Site"), [Optional()], coerce=lambda value: int(value) if value else 0)
    language = SelectField(_l("Language"), [Optional()])
    time_zone = SelectField(_l("Time zone"), [Optional()])
    vip = BooleanField(_l("VIP"), description=_l("Marked in every list"))
    notes = TextAreaField(_l("Notes"), description=_l("Only staff see them"))

    def offer(
        self, sites: Iterable[Any], language: str | None = None, time_zone: str | None = None
    ) -> None:
        """Fill in what can be chosen."""
        self.site_id.choices = choices(
            [(0, gettext("None")), *((site.id, site.name) for site in sites)]
        )
        self.language.choices = language_choices(language)
        self.time_zone.choices = zone_choices(time_zone)

    def values(self) -> dict[str, Any]:
        """Return the fields for the verb."""
        return {
            "name": self.name.data,
            "call_name": self.call_name.data,
            "title": self.title.data,
            "organisation_id": self.organisation_id.data or None,
            "site_id": self.site_id.data or None,
            "language": self.language.data or None,
            "time_zone": self.time_zone.data or None,
            "vip": bool(self.vip.data),
            "notes": self.notes.data,
        }


class EditPerson(PersonFields):
    """A person as somebody saw them at ``version``."""

    version = IntegerField(validators=[Needed()])


class NewPerson(Form):
    """The least that makes a person: used while somebody waits on the telephone."""

    name = StringField(lazy_pgettext("person", "Name"), [NEEDED])
    email = EmailField(lazy_pgettext("address", "Email"))
    phone = StringField(_l("Phone"))
    organisation_id = IntegerField(_l("Organisation"), [Optional()])
    title = StringField(_l("Job title"))


class WithoutVersion(Form):
    """A thing that counts no versions: the form carries what it showed when it was opened."""

    seen = HiddenField()

    def remember(self, said: Mapping[str, object]) -> None:
        """Remember what stands now, so that saving again puts what was typed over it."""
        self.seen.data = json.dumps(said)

    def was_seen(self) -> dict[str, object] | None:
        """Return what the form showed; None when it does not say."""
        try:
            seen = json.loads(self.seen.data or "")
        except ValueError:
            return None
        return seen if isinstance(seen, dict) else None


class Contact(WithoutVersion):
    """One address or number."""

    kind = SelectField(
        _l("Kind"),
        choices=choices(
            [
                (ContactKind.EMAIL.value, lazy_pgettext("address", "Email")),
                (ContactKind.PHONE.value, _l("Phone")),
                (ContactKind.FAX.value, _l("Fax")),
                (ContactKind.CHAT.value, _l("Chat")),
            ]
        ),
    )
    value = StringField(_l("Address or number"), [NEEDED])
    label = StringField(_l("Label"), description=_l("Work, private, assistant"))
    shared = BooleanField(_l("Shared"), description=_l("Several people have it"))


class Merge(Form):
    """Which two records become one, and which of them stays."""

    other_id = IntegerField(_l("The other record"), [NEEDED])
    keep = RadioField(
        _l("Which one stays"),
        choices=choices([("this", _l("This record")), ("other", _l("The other record"))]),
        default="this",
    )


class Import(Form):
    """A file of people."""

    kind = RadioField(
        _l("What is in the file"),
        choices=choices(
            [
                ("people", _l("People")),
                ("organisations", _l("Organisations")),
                ("technicians", _l("Technicians")),
            ]
        ),
        default="people",
    )
    file = FileField(_l("CSV file"))
    encoding = SelectField(
        _l("Characters"),
        [Optional()],
        choices=choices(
            [
                ("", _l("Find out")),
                ("utf-8-sig", "UTF-8"),
                ("gb18030", "GB 18030"),
                ("big5hkscs", "Big5"),
                ("cp1252", "Windows 1252"),
            ]
        ),
    )


# ---- Access ----


class Access(Form):
    """What somebody may do: roles and sign-in name."""

    login = StringField(_l("Signs in as"))
    roles = SelectMultipleField(_l("Roles"), coerce=int)


class Leave(Form):
    """Who takes over from somebody who leaves."""

    successor_id = SelectField(
        _l("Who takes over"), coerce=lambda value: int(value) if value else 0
    )


# ---- Organisations ----


class OrganisationFields(Form):
    """What can be said of an organisation."""

    name = StringField(_l("Name"), [NEEDED])
    phone = StringField(_l("Phone"))
    time_zone = SelectField(_l("Time zone"), [Optional()])
    support_level = StringField(
        _l("Support level"), description=_l("As your promises name it, such as Gold")
    )
    support_until = DateField(
        _l("Last day of support"), [Optional()], description=_l("Empty: without an end")
    )
    notes = TextAreaField(_l("Notes"), description=_l("Only staff see them"))

    def values(self) -> dict[str, Any]:
        """Return the fields for the verb."""
        return {
            "name": self.name.data,
            "phone": self.phone.data,
            "time_zone": self.time_zone.data or None,
            "support_level": self.support_level.data,
            "support_until": self.support_until.data,
            "notes": self.notes.data,
        }


class NewOrganisation(OrganisationFields):
    """A new organisation with its first mail domain."""

    domain = StringField(
        _l("Mail domain"), description=_l("Who writes from it belongs to the organisation")
    )


class EditOrganisation(OrganisationFields):
    """An organisation as somebody saw it at ``version``."""

    version = IntegerField(validators=[Needed()])


class Domain(Form):
    """A mail domain."""

    domain = StringField(_l("Mail domain"), [NEEDED])


class SiteFields(WithoutVersion):
    """A place where an organisation works."""

    name = StringField(_l("Name"), [NEEDED])
    address = TextAreaField(_l("Address"))
    time_zone = SelectField(_l("Time zone"), [Optional()])
