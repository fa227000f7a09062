"""Brings the tables of a database to those this program knows, or says why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, inspect, text

from database.tables import REVISION, VERSION_TABLE, metadata
from houfeng.errors import StoreError

Transaction = Callable[[], AbstractContextManager[Connection]]


def prepare(read: Transaction, write: Transaction, name: str) -> None:
    """Make or migrate the tables if needed, in one transaction: another process sees the old or the new ones.

    Parameters
    ----------
    read, write : open a transaction
    name : of the database, for messages

    Raises
    ------
    StoreError : if the tables are somebody else's, or newer than this program
    """
    with read() as connection:
        if revision_of(connection) == REVISION:
            return
    with write() as connection:
        # Looked at again: another process may have migrated while this one waited to write.
        if (revision := revision_of(connection)) == REVISION:
            return
        # Alembic takes as long to import as everything else here together, and is needed once a release.
        from database.migrations import history, upgrade

        if revision is None:
            _refuse_foreign(connection, name)
        elif revision not in history(connection):
            raise StoreError(
                f"database {name}: its tables are of revision {revision}, this program knows {REVISION} and "
                "older: upgrade Houfeng, or give it another database"
            )
        upgrade(connection)


def revision_of(connection: Connection) -> str | None:
    """Revision of the tables; None where Houfeng has made none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()


def _refuse_foreign(connection: Connection, name: str) -> None:
    present = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
    # A PostgreSQL database is often shared (PostGIS has tables of its own in it); a file belongs to one program.
    foreign = present if connection.dialect.name == "sqlite" else present & set(metadata.tables)
    if foreign:
        raise StoreError(
            f"database {name}: an empty database or one that Houfeng made is needed, it holds other tables "
            f"({', '.join(sorted(foreign)[:5])})"
        )
