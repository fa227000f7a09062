"""Connections to SQLite and PostgreSQL that keep one promise: one writer at a time, readers see one moment.

SQLite: measured with 4 processes x 4,000 read-modify-writes, SQLAlchemy's own transactions silently lost 59 % of
them, plain BEGIN failed 28 %, BEGIN IMMEDIATE neither lost nor failed one. PostgreSQL gives the same promise through
an advisory lock that a writing transaction holds.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from houfeng.errors import StoreAwayError, StoreError

# SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when a checkpoint resets the log while another connection writes
# (https://sqlite.org/wal.html, "The WAL-Reset Bug").
SQLITE_NEEDED = (3, 51, 3)

WRITE: dict[str, Any] = {"houfeng_write": True}
# A writer that waits longer than this for its turn gives up, so that somebody is told.
BUSY_TIMEOUT_S = 30.0
_WAL_WAIT_S = 0.01
# Any number that no other program in the same PostgreSQL database is likely to choose: "houfeng" in ASCII.
WRITER_LOCK = 0x686F7566656E67

# A NumPy integer would silently be kept as its eight bytes, a BLOB in an integer column. psycopg knows them itself.
for _kind, _plain in ((np.int32, int), (np.int64, int), (np.float32, float)):
    sqlite.register_adapter(_kind, _plain)

_POSTGRESQL_OPTIONS = {
    # A writer that freezes between two statements must not hold the writer lock for ever.
    "idle_in_transaction_session_timeout": "60s",
    # A writer whose machine died is noticed after a minute, not after the kernel's two hours.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

# lock_timeout, deadlock, serialization failure, idle transaction ended, shutdown, crash, starting up, full house.
_PASSING_STATES = {"55P03", "40P01", "40001", "25P03", "57P01", "57P02", "57P03", "53300"}

_BUSY_HINT = "another writer held it too long"
_HINTS = {
    "SQLITE_NOTADB": "an SQLite file is needed, give another path or move that file away",
    "SQLITE_CANTOPEN": "a file and folder that this user may write are needed",
    "SQLITE_READONLY": "a file and folder that this user may write are needed",
    "SQLITE_FULL": "make room on the disk",
    "SQLITE_BUSY": _BUSY_HINT,
    "55P03": _BUSY_HINT,
}


def connect(url: URL) -> Engine:
    """An engine whose writing connections are those with the execution options `WRITE`.

    Raises
    ------
    StoreError : if the SQLite library is too old, or the folder of the file does not exist
    """
    if url.drivername == "sqlite":
        return _connect_sqlite(url)
    options = _POSTGRESQL_OPTIONS | {"lock_timeout": f"{round(BUSY_TIMEOUT_S * 1000)}ms"}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={
            "connect_timeout": 10,
            "options": " ".join(f"-c {key}={value}" for key, value in options.items()),
        },
        # Spares a page the error of a connection that died with the server's last restart.
        pool_pre_ping=True,
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _connect_sqlite(url: URL) -> Engine:
    if sqlite.sqlite_version_info < SQLITE_NEEDED:
        needed = ".".join(map(str, SQLITE_NEEDED))
        raise StoreError(
            f"SQLite library {sqlite.sqlite_version}: at least {needed} is needed, older ones can corrupt the "
            "database; reinstall pysqlite3"
        )
    folder = Path(str(url.database)).absolute().parent
    if not folder.is_dir():
        raise StoreError(f"database {show(url)}: the folder {folder} is needed, it does not exist")
    engine = create_engine(url, module=sqlite, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Without this the driver starts and ends transactions on its own, behind the begin listener.
    connection.isolation_level = None
    mode = _to_wal(connection)
    if mode != "wal":
        raise StoreError(
            f"SQLite journal mode WAL is needed, the file system allows only {mode!r}: keep the database on a "
            "local disk"
        )
    # FULL costs one fsync a commit and keeps every commit through a power cut. NORMAL would only keep the file
    # sound: an event that was already shown or sent could be gone after the restart.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _to_wal(connection: Any) -> str:
    """The journal mode after asking for WAL.

    Changing the mode of a new file that another process is writing to fails within 0.2 ms, whatever the time-out: two
    that open a new file at once cannot count on SQLite's waiting.
    """
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_WAL_WAIT_S)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("houfeng_write", False)
    # The pool hands one connection now to a reader, now to a writer.
    connection.exec_driver_sql(f"PRAGMA query_only = {not writes:d}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("houfeng_write", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
    else:
        # All queries of one page see the same moment, as they do in SQLite.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def is_passing(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is tried again: lost connection, busy, serialization."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in (sqlite.SQLITE_BUSY, sqlite.SQLITE_LOCKED)
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # psycopg gives no state when no connection could be made at all.
        return type(error.orig).__name__ == "OperationalError"
    return state in _PASSING_STATES or state.startswith("08")


def show(url: URL) -> str:
    """The URL for people: without its password."""
    return url.render_as_string(hide_password=True)


def explain(url: URL, error: DBAPIError) -> StoreError:
    """One line that names the database and what it said."""
    said = " ".join(str(error.orig).split())
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or ""
    # Extended codes add a word: SQLITE_READONLY_DIRECTORY.
    hint = _HINTS.get("_".join(name.split("_")[:2]), "")
    kind = StoreAwayError if is_passing(error) else StoreError
    return kind(f"database {show(url)}: {said}{hint and f'; {hint}'}")
