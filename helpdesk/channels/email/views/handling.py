"""How mail that comes in is handled: what staff pass on, and how much is too much."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, TextAreaField
from wtforms.validators import NumberRange

from helpdesk.channels.email import handling as kept
from helpdesk.channels.email.handling import MOST, Handling
from helpdesk.channels.email.views.blueprint import bp
from helpdesk.people import contact_values
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.web.forms import Form, Needed


class HandlingForm(Form):
    """What is chosen for all mailboxes."""

    passed_on = BooleanField(
        _l("Mail that staff forward becomes a ticket of who wrote it"),
        description=_l("What the technician wrote above it becomes a note."),
    )
    receipt_for_passed_on = BooleanField(
        _l("The customer gets a receipt for it"),
        description=_l("As for mail of their own, if receipts are switched on."),
    )
    per_sender = IntegerField(
        _l("Messages of one sender in ten minutes"),
        [Needed(), NumberRange(0, MOST)],
        description=_l("What is more is held in the quarantine. 0: no limit."),
    )
    per_ticket = IntegerField(
        _l("Automatic messages on one ticket, or to one person, in an hour"),
        [Needed(), NumberRange(0, MOST)],
        description=_l("What is more is not sent; what people write always is. 0: no limit."),
    )
    unlimited = TextAreaField(
        _l("Senders without a limit"),
        description=_l("One address a line: monitoring and other programs that write much."),
    )

    def show(self, chosen: Handling) -> None:
        """Fill the form with what stands."""
        for name in ("passed_on", "receipt_for_passed_on", "per_sender", "per_ticket"):
            self._fields[name].data = getattr(chosen, name)
        self.unlimited.data = "\n".join(chosen.unlimited)

    def addresses(self) -> tuple[str, ...]:
        """Return the senders that were typed. Raises ValueError with one that is no address."""
        found = []
        for line in (self.unlimited.data or "").replace(",", "\n").splitlines():
            if line.strip():
                try:
                    found.append(contact_values.email(line))
                except ValueError:
                    raise ValueError(line.strip()) from None
        return tuple(dict.fromkeys(found))


@bp.get("/handling")
@require(Permission.SETUP_MAIL)
def handling() -> Any:
    """Show what is chosen."""
    form = HandlingForm(formdata=None)
    form.show(kept.handling())
    return render_template("mail/handling.html", form=form)


@bp.post("/handling")
@require(Permission.SETUP_MAIL)
def save_handling() -> Any:
    """Choose how mail is handled."""
    form = HandlingForm()
    if not form.validate():
        return render_template("mail/handling.html", form=form), 422
    try:
        unlimited = form.addresses()
    except ValueError as error:
        form.refuse("unlimited", _("%(text)s is not an e-mail address.", text=str(error)[:200]))
        return render_template("mail/handling.html", form=form), 422
    chosen = Handling(
        passed_on=bool(form.passed_on.data),
        receipt_for_passed_on=bool(form.receipt_for_passed_on.data),
        per_sender=form.per_sender.data or 0,
        per_ticket=form.per_ticket.data or 0,
        unlimited=unlimited,
    )
    kept.choose(current_actor(), chosen)
    flash(_("Saved"))
    return redirect(url_for("mail.handling"), 303)
