"""The history of the tables, as Alembic revisions that live inside the package."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from database.tables import REVISION


def config(connection: Connection) -> Config:
    """Alembic configuration that works on a connection and in its transaction."""
    made = Config()
    made.set_main_option("script_location", "database:migrations")
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision; the caller commits."""
    command.upgrade(config(connection), REVISION)


def downgrade(connection: Connection, revision: str) -> None:
    """Take the tables back to an older revision, or to `base`: no tables; the caller commits."""
    command.downgrade(config(connection), revision)


def history(connection: Connection) -> list[str]:
    """Every revision that this program knows, newest first."""
    script = ScriptDirectory.from_config(config(connection))
    return [revision.revision for revision in script.walk_revisions()]
