"""The pages of people and access."""

from flask import Blueprint

bp = Blueprint("people", __name__, template_folder="../templates")
