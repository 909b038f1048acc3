"""Pages about mail for administrators: mailboxes, the quarantine, the outbox."""

from flask import Blueprint

bp = Blueprint("mail", __name__, template_folder="templates")
