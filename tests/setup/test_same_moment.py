"""Two people save the same thing of Set up at the very same moment."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify import texts
from helpdesk.notify.telling import Tell
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Absence, Role
from helpdesk.people.services import absences
from helpdesk.setup.services import causes, desk_settings, priorities, roles
from helpdesk.tickets.desk import Cause
from tests import factories
from tests.setup.makers import administrator, visitor
from tests.support.meanwhile import Meanwhile, let_wait


@dataclass
class Case:
    """What the first one does, and the form that the other sends while that is not over."""

    first: Callable[[Actor], Any]
    path: str
    fields: dict[str, Any]


def _cause() -> Case:
    row = db.session.scalars(select(Cause).order_by(Cause.id)).first()
    assert row is not None
    seen = {"name": row.name}
    return Case(
        lambda ada: causes.edit(ada, row, {"name": "Theirs"}, seen),
        f"/setup/causes/{row.id}",
        {"name": "Ours", "seen": json.dumps(seen)},
    )


def _desk() -> Case:
    row = desk_settings.the_desk()
    seen = {name: getattr(row, name) for name in desk_settings.FIELDS}
    return Case(
        lambda ada: desk_settings.edit(ada, {**seen, "name": "Theirs"}, seen),
        "/setup/desk",
        {**seen, "name": "Ours", "seen": json.dumps(seen)},
    )


def _priorities() -> Case:
    seen, cell = priorities.matrix(), (1, 1)
    shown = {priorities.key(one): value for one, value in seen.items()}
    return Case(
        lambda ada: priorities.set_matrix(ada, {**seen, cell: 3}, seen),
        "/setup/priorities",
        {**shown, priorities.key(cell): 4, "seen": json.dumps(shown)},
    )


def _role() -> Case:
    row = db.session.scalars(select(Role).where(Role.key == "lead")).one()
    held = [Permission(one.permission) for one in row.permissions]
    seen: dict[str, Any] = {"name": row.name, "description": row.description, "permissions": held}
    return Case(
        lambda ada: roles.edit(ada, row, {**seen, "description": "Theirs"}, held, seen),
        f"/setup/roles/{row.id}",
        {**seen, "description": "Ours", "permission": held, "seen": json.dumps(seen)},
    )


def _text() -> Case:
    return Case(
        lambda ada: texts.save(ada, Tell.RECEIVED, "en", "Theirs", "Hello", seen=0),
        "/setup/messages/received/en",
        {"subject": "Ours", "body": "Good day", "number": "0"},
    )


@pytest.mark.parametrize("made", [_cause, _desk, _priorities, _role, _text])
def test_the_second_one_is_told_what_the_first_one_saved(
    own_desk: Flask, made: Callable[[], Case]
) -> None:
    client = own_desk.test_client()
    with own_desk.app_context():
        ada, admin = administrator("Ada Min"), visitor(client)
        case = made()
        with transaction():
            case.first(ada)
            db.session.flush()
            meanwhile = Meanwhile(own_desk, lambda: admin.send(case.path, **case.fields))
            let_wait()
        answer = meanwhile.answer()
    assert answer.status_code == 409
    assert "Ada Min saved this meanwhile." in answer.text


def test_one_absence_that_is_said_twice_is_one(own_desk: Flask) -> None:
    client = own_desk.test_client()
    begins, until = (now() + timedelta(days=days) for days in (1, 8))
    with own_desk.app_context():
        ada, admin = administrator("Ada Min"), visitor(client)
        priya = factories.technician("Priya Nair")
        form = {
            "person": priya.id,
            "begins": f"{begins:%Y-%m-%dT%H:%M}",
            "until": f"{until:%Y-%m-%dT%H:%M}",
        }
        with transaction():
            absences.add(ada, priya, begins, until)
            meanwhile = Meanwhile(own_desk, lambda: admin.send("/away", **form))
            let_wait()
        answer = meanwhile.answer()
        assert answer.status_code == 422
        assert "They are away then already." in answer.text
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(Absence)) == 1
