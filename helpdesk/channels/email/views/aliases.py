"""Addresses of a mailbox whose mail goes to queues of their own."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from helpdesk.channels.email import aliases as listed
from helpdesk.channels.email.aliases import Leads
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.thread_models import MailAlias
from helpdesk.channels.email.views.blueprint import bp, mailbox_for
from helpdesk.db import db
from helpdesk.people.access import SYSTEM, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import wording
from helpdesk.tickets.queries.access import NotFound, visible_queues
from helpdesk.tickets.queries.page import categories
from helpdesk.tickets.services import Refused
from helpdesk.web.forms import Form, Needed, choices


def _levels(words: Mapping[int, object]) -> list[Any]:
    return choices([(0, _l("As usual")), *words.items()])


class AliasForm(Form):
    """An address and where its mail goes."""

    value = StringField(
        _l("Address"),
        [Needed()],
        description=_l("An asterisk stands for anything: support+*@example.org."),
    )
    queue_id = SelectField(_l("New tickets go to"), coerce=int)
    category_id = SelectField(_l("Category"), coerce=int)
    impact = SelectField(_l("Impact"), coerce=int, choices=_levels(wording.IMPACTS), default=0)
    urgency = SelectField(_l("Urgency"), coerce=int, choices=_levels(wording.URGENCIES), default=0)

    def offer(self) -> None:
        """Offer the queues and categories in use."""
        self.queue_id.choices = choices((queue.id, queue.name) for queue in visible_queues(SYSTEM))
        paths = ((category.id, category.path) for category in categories())
        self.category_id.choices = choices([(0, _("None")), *paths])


@bp.get("/mailboxes/<int:mailbox_id>/aliases")
@require(Permission.SETUP_MAIL)
def aliases(mailbox_id: int) -> Any:
    """List the addresses and where their mail goes."""
    mailbox = mailbox_for(mailbox_id)
    form = AliasForm(formdata=None)
    form.offer()
    form.queue_id.data = mailbox.queue_id
    return _page(mailbox, form)


@bp.post("/mailboxes/<int:mailbox_id>/aliases")
@require(Permission.SETUP_MAIL)
def add_alias(mailbox_id: int) -> Any:
    """Let mail to an address go to a queue."""
    mailbox = mailbox_for(mailbox_id, lock=True)
    form = AliasForm()
    form.offer()
    if not form.validate():
        return _page(mailbox, form), 422
    try:
        row = listed.add(
            current_actor(),
            mailbox,
            form.value.data or "",
            Leads(
                form.queue_id.data,
                form.category_id.data or None,
                form.impact.data or None,
                form.urgency.data or None,
            ),
        )
    except Refused as refused:
        form.refuse(refused.field, refused.message)
        return _page(mailbox, form), 422
    flash(_("Mail to %(address)s goes to %(queue)s.", address=row.pattern, queue=row.queue.name))
    return redirect(url_for("mail.aliases", mailbox_id=mailbox.id), 303)


@bp.post("/aliases/<int:alias_id>/remove")
@require(Permission.SETUP_MAIL)
def remove_alias(alias_id: int) -> Any:
    """Take an address off the list."""
    row = db.session.get(MailAlias, alias_id, with_for_update=True)
    if row is None:
        raise NotFound
    mailbox_id, pattern = row.mailbox_id, row.pattern
    listed.remove(current_actor(), row)
    flash(_("Mail to %(address)s goes where all mail of the mailbox goes.", address=pattern))
    return redirect(url_for("mail.aliases", mailbox_id=mailbox_id), 303)


def _page(mailbox: Mailbox, form: AliasForm) -> str:
    rows = listed.aliases_of([mailbox.id]).get(mailbox.id, [])
    return render_template(
        "mail/aliases.html", mailbox=mailbox, rows=rows, form=form, words=wording
    )
