"""The form about the provider that grants access to a mailbox."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, PasswordField, SelectField, StringField
from wtforms.validators import Optional

from helpdesk.channels.email import granting
from helpdesk.channels.email.granting import GrantSettings
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.source_models import Flow, MailGrant, Provider
from helpdesk.web.forms import Form, Needed, choices

_PROVIDERS = (
    (str(Provider.MICROSOFT), "Microsoft 365"),
    (str(Provider.GOOGLE), "Google"),
    (str(Provider.OTHER), _l("Another, by its addresses")),
)
_FLOWS = (
    (str(Flow.CODE), _l("A person signs in there (authorization code)")),
    (str(Flow.CLIENT), _l("The desk asks in its own name (client credentials)")),
)
_HOSTS = {"outlook.office365.com": Provider.MICROSOFT, "imap.gmail.com": Provider.GOOGLE}


class AccessForm(Form):
    """Who grants access. The secret is never shown; empty keeps the one there is."""

    provider = SelectField(_l("Provider"), choices=choices(_PROVIDERS))
    flow = SelectField(_l("How access is granted"), choices=choices(_FLOWS))
    tenant = StringField(
        _l("Directory (tenant)"),
        description=_l("Microsoft only: its ID or domain. Empty: any organisation’s."),
    )
    authorize_url = StringField(
        _l("Address to sign in"), description=_l("Another provider only; begins with https://.")
    )
    token_url = StringField(
        _l("Address for tokens"), description=_l("Another provider only; begins with https://.")
    )
    scope = StringField(_l("Scope"), description=_l("Another provider only, as it names it."))
    client_id = StringField(_l("Client ID"), [Needed()])
    client_secret = PasswordField(_l("Client secret"))
    secret_ends_on = DateField(
        _l("The client secret ends on"),
        [Optional()],
        description=_l("As the provider shows it. You are warned 30, 14, 7, 3 and 1 days before."),
    )
    access_ends_on = DateField(
        _l("Access ends on"),
        [Optional()],
        description=_l("If your organisation has it granted anew now and then."),
    )

    def show(self, mailbox: Mailbox, row: MailGrant | None) -> None:
        """Fill the form with what is known; at first with what the mail server suggests."""
        if row is None:
            known = _HOSTS.get(mailbox.imap_host or mailbox.smtp_host)
            self.provider.data = str(known or Provider.OTHER)
            return
        names = ("provider", "flow", "client_id", "secret_ends_on", "access_ends_on")
        for name in names:
            self._fields[name].data = getattr(row, name)
        if row.provider == Provider.OTHER:
            for name in ("authorize_url", "token_url", "scope"):
                self._fields[name].data = getattr(row, name)
        self.tenant.data = granting.tenant_of(row)

    def settings(self) -> GrantSettings:
        """Return what was typed."""
        return GrantSettings(
            provider=self.provider.data,
            flow=self.flow.data,
            tenant=self.tenant.data or "",
            authorize_url=self.authorize_url.data or "",
            token_url=self.token_url.data or "",
            scope=self.scope.data or "",
            client_id=self.client_id.data or "",
            client_secret=self.client_secret.data or None,
            secret_ends_on=self.secret_ends_on.data,
            access_ends_on=self.access_ends_on.data,
        )
