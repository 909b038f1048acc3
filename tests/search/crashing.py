"""Followers that die: ``python -m tests.search.crashing``.

What is searched here are tags, because any table does. Each child changes some and follows, until
its fuse ends it: between two statements, two files or in the middle of a commit of the index.
"""

import json
import random
from collections.abc import Callable, Sequence

from sqlalchemy import delete, select
from whoosh import index as whoosh_index

from helpdesk.app import create_app
from helpdesk.db import db, transaction
from helpdesk.search import following, place, store
from helpdesk.search.changes import changed
from helpdesk.search.documents import Document
from helpdesk.tickets.desk import Tag
from tests.search.desk import MOMENT
from tests.support.crashing import Fuse, apart

CHILDREN = 36
ROUNDS = 3


class Tags:
    """Tags as documents."""

    kind = "tag"

    def ids(self, after: int, limit: int) -> list[int]:
        return list(
            db.session.scalars(select(Tag.id).where(Tag.id > after).order_by(Tag.id).limit(limit))
        )

    def load(self, ids: Sequence[int]) -> list[Document]:
        rows = db.session.execute(select(Tag.id, Tag.name).where(Tag.id.in_(ids)))
        return [
            Document("tag", row.id, "en", row.name, row.name, MOMENT, readers=frozenset({"public"}))
            for row in rows
        ]


def change(dice: random.Random) -> None:
    """Add, rename and remove tags in one transaction."""
    with transaction():
        ids = list(db.session.scalars(select(Tag.id)))
        touched = []
        for _ in range(dice.randint(1, 4)):
            new = Tag(name=f"word{dice.getrandbits(40):x}")
            db.session.add(new)
            db.session.flush()
            touched.append(new.id)
        if ids:
            row = db.session.get_one(Tag, dice.choice(ids))
            row.name = f"word{dice.getrandbits(40):x}"
            touched.append(row.id)
        if len(ids) > 12:
            gone = dice.choice(ids)
            db.session.execute(delete(Tag).where(Tag.id == gone))
            touched.append(gone)
        changed("tag", *touched)


def main() -> None:
    """Kill one child after the other; print where each died and which folder is searched."""
    app, dice = create_app(), random.Random(5)
    app.extensions["hearth-searched"] = [Tags()]
    with app.app_context():
        following.follow()
        folder = place.current()
        # A connection in two processes mixes up two conversations.
        db.session.remove()
        db.engine.dispose()
    for number in range(CHILDREN):
        # Some are killed anywhere, most in the middle of what the index does.
        at = dice.randint(3, 90) if number % 3 else dice.randint(1, 9)
        wanted = "" if number % 3 else dice.choice(["before write", "after write", "before finish"])
        seed = dice.getrandbits(32)

        def work(
            say: Callable[[str], object], at: int = at, wanted: str = wanted, seed: int = seed
        ) -> None:
            fuse, own = Fuse(at, wanted, say), random.Random(seed)
            fuse.lay_in_database()
            fuse.wrap(store.Writing, "put")
            fuse.wrap(store.Writing, "finish")
            fuse.wrap(whoosh_index.TOC, "write")
            fuse.wrap(whoosh_index, "clean_files")
            for _ in range(ROUNDS):
                change(own)
                following.step()

        killed, said = apart(app, work)
        print(json.dumps({"killed": killed, "where": said}), flush=True)
    with app.app_context():
        same = place.current() == folder and not following.why_anew()
        following.step()
        print(json.dumps({"same": same}), flush=True)


if __name__ == "__main__":
    main()
