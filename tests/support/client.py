"""A test client whose requests are as separate from the test as real ones."""

from collections.abc import Callable
from contextlib import nullcontext
from contextvars import Context
from datetime import datetime
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from helpdesk.db import db
from helpdesk.lib import clock


class SeparateClient(FlaskClient):
    """Runs each request in an application context and a database session of its own.

    A test usually holds an application context; Flask would let the request share it, and with
    it ``g`` and every loaded object, hiding bugs that users would see. What the test has made is
    committed before the request, what it has loaded is read again after it. Where the test lets
    the clock stand, it stands in the request too: what a page says must not hang on today's date.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send one request. The answer is read to its end before the context is left."""
        kwargs.setdefault("buffered", True)
        if has_app_context():
            db.session.commit()
        response: TestResponse = Context().run(
            self._open_at, clock.stands_at(), super().open, *args, **kwargs
        )
        if has_app_context():
            db.session.expire_all()
        return response

    @staticmethod
    def _open_at(
        moment: datetime | None, opened: Callable[..., TestResponse], *args: Any, **kwargs: Any
    ) -> TestResponse:
        with clock.at(moment) if moment else nullcontext():
            return opened(*args, **kwargs)
