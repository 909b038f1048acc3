"""What the pages of the board ask for."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional
from wtforms.widgets import HiddenInput

from helpdesk.board.models import Alert, Audience, Severity
from helpdesk.board.writing import Wording, wording_of
from helpdesk.lib.clock import now
from helpdesk.tickets.forms import choices, whole
from helpdesk.tickets.services.errors import Refused
from helpdesk.web.forms import Form, LocalMoment, Needed
from helpdesk.web.i18n import local, moment

LASTS = timedelta(hours=8)
"""How long a notice stands when nobody says otherwise: a working day."""

SEVERITIES = {
    Severity.INFORMATION: _l("For information"),
    Severity.DEGRADED: _l("Works, but badly"),
    Severity.OUTAGE: _l("Outage"),
}
AUDIENCES = {
    Audience.STAFF: _l("All staff"),
    Audience.TEAM: _l("One team"),
    Audience.PUBLIC: _l("Everybody, customers too"),
}


_TO_THE_MINUTE = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class AlertForm(Form):
    """A notice of known trouble."""

    headline = StringField(_l("What is the matter, in a line"), [Needed(), Length(max=200)])
    body = TextAreaField(_l("What is known, what to do meanwhile"), [Length(max=10_000)])
    severity = RadioField(_l("How bad it is"), [Needed()], choices=choices(SEVERITIES))
    audience = RadioField(_l("Who sees it"), [Needed()], choices=choices(AUDIENCES))
    team = SelectField(_l("Team"), [Optional()], validate_choice=False)
    starts_at = LocalMoment(_l("From"), [Needed()], format=_TO_THE_MINUTE)
    ends_at = LocalMoment(
        _l("Until"),
        [Needed()],
        format=_TO_THE_MINUTE,
        description=_l("Then it goes by itself. It can be fixed earlier, or last longer."),
    )
    tickets = StringField(
        _l("Tickets about it"),
        [Length(max=2000)],
        description=_l("Numbers, with spaces between. Their customers are told when it is fixed."),
    )
    seen = HiddenField()

    def begin(self) -> None:
        """Fill in what is likely: it has just begun, and is for all staff."""
        begun = local(now()).replace(second=0, microsecond=0, tzinfo=None)
        self.severity.data = self.severity.data or Severity.DEGRADED.value
        self.audience.data = self.audience.data or Audience.STAFF.value
        self.starts_at.data = begun
        self.ends_at.data = begun + LASTS

    def show(self, alert: Alert) -> None:
        """Fill in what a notice says."""
        self.headline.data, self.body.data = alert.headline, alert.body
        self.severity.data, self.audience.data = alert.severity, alert.audience
        self.team.data = str(alert.team_id or "")
        self.starts_at.data = local(alert.starts_at).replace(tzinfo=None)
        self.ends_at.data = local(alert.ends_at).replace(tzinfo=None)
        self.remember(alert)

    def remember(self, alert: Alert) -> None:
        """Remember what the notice says now, so that saving again puts what was typed over it."""
        said = asdict(wording_of(alert))
        self.seen.data = json.dumps(said, default=datetime.isoformat)

    def was_seen(self) -> Wording | None:
        """Return what the form showed when it was opened; None when it does not say."""
        try:
            said = json.loads(self.seen.data or "")
            return Wording(
                **{
                    **said,
                    "severity": Severity(said["severity"]),
                    "audience": Audience(said["audience"]),
                    "starts_at": datetime.fromisoformat(said["starts_at"]),
                    "ends_at": datetime.fromisoformat(said["ends_at"]),
                }
            )
        except (ValueError, TypeError, KeyError):
            return None

    def in_words(self, theirs: Mapping[str, object]) -> list[tuple[str, str]]:
        """Return what somebody else saved, with the labels of the form."""
        offered = {
            name: {str(one.value): str(one.label) for one in self._fields[name].choices or []}
            for name in ("severity", "audience", "team")
        }
        found = []
        for name, value in theirs.items():
            key = "team" if name == "team_id" else name
            said = moment(value) if isinstance(value, datetime) else str(value or "")
            said = offered.get(key, {}).get(said, said) or str(_("None"))
            found.append((str(self._fields[key].label.text), said))
        return found

    def wording(self, shown: Wording | None = None) -> Wording:
        """Return what was typed. Raises Refused for moments that are none.

        Times are typed to the minute: one that was not touched stays as it was to the second.
        """
        starts, ends = self.starts_at.moment, self.ends_at.moment
        if starts is None or ends is None:
            raise Refused("time-missing", _l("Choose a time."), "ends_at")
        if shown is not None:
            if starts == shown.starts_at.replace(second=0, microsecond=0):
                starts = shown.starts_at
            if ends == shown.ends_at.replace(second=0, microsecond=0):
                ends = shown.ends_at
        return Wording(
            headline=self.headline.data or "",
            body=self.body.data or "",
            severity=Severity(self.severity.data),
            audience=Audience(self.audience.data),
            starts_at=starts,
            ends_at=ends,
            team_id=whole(self.team.data),
        )

    def numbers(self) -> list[int]:
        """Return the ticket numbers that were typed. Raises Refused for words that are none."""
        said = (self.tickets.data or "").replace(",", " ").split()
        found = [whole(word) for word in said]
        if None in found:
            raise Refused("number-bad", _l("Type numbers of tickets only."), "tickets")
        return [number for number in dict.fromkeys(found) if number is not None]


class UpdateForm(Form):
    """How it goes on."""

    text = TextAreaField(_l("How it goes on"), [Needed(), Length(max=5000)])


class FixForm(Form):
    """It is fixed."""

    closing = TextAreaField(
        _l("What people are told"),
        [Needed(), Length(max=5000)],
        description=_l("Customers read this as a message on their own ticket."),
    )
    expected = IntegerField(widget=HiddenInput(), validators=[Optional()])


class TicketForm(Form):
    """A ticket about it."""

    number = StringField(_l("Ticket"), [Needed(), Length(max=300)])
