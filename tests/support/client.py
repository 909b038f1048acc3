"""A test client whose requests are as separate from the test as real ones."""

from contextvars import Context
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from helpdesk.db import db


class SeparateClient(FlaskClient):
    """Runs each request in an application context and a database session of its own.

    A test usually holds an application context; Flask would let the request share it, and with
    it ``g`` and every loaded object, hiding bugs that users would see. What the test has made is
    committed before the request, what it has loaded is read again after it.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send one request. The answer is read to its end before the context is left."""
        kwargs.setdefault("buffered", True)
        if has_app_context():
            db.session.commit()
        response: TestResponse = Context().run(super().open, *args, **kwargs)
        if has_app_context():
            db.session.expire_all()
        return response
