"""Write a migration for what changed in the models since the last one.

The comparison runs against a fresh SQLite database, so nobody's desk is touched:
``python tools/migration.py "add a colour to queues"``.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Migrate an empty database to the newest state, then compare it with the models."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Config(str(PROJECT / "alembic.ini"))
        settings.attributes["url"] = f"sqlite:///{folder}/empty.db"
        command.upgrade(settings, "head")
        command.revision(settings, message=sys.argv[1], autogenerate=True)


if __name__ == "__main__":
    main()
