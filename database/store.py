"""The one way in to the database: open, read one moment, write one unit of work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Signal
from typing import Self, TypeVar

from sqlalchemy import URL, Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from database import engine as engines
from database.schema import prepare
from database.settings import parse_url
from database.unit import UnitOfWork
from houfeng.errors import StoreAwayError

T = TypeVar("T")

_WAIT_FIRST_S = 0.05
_WAIT_LONGEST_S = 2.0


class Store:
    """A database that is ready: reachable, ours, and with today's tables. Threads may share it.

    Parameters
    ----------
    url : for messages
    engine : with connections as `database.engine.connect` makes them
    retry_s : how long `run` tries a unit again, seconds
    """

    def __init__(self, url: URL, engine: Engine, retry_s: float) -> None:
        self._url = url
        self._engine = engine
        self._writer = engine.execution_options(**engines.WRITE)
        self._retry_s = retry_s
        self._closing = Signal()
        self._is_prepared = False

    @classmethod
    def open(cls, url: str, *, retry_s: float = 60.0) -> Self:
        """Connect, and make or migrate the tables where that is needed.

        Parameters
        ----------
        url : `sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`
        retry_s : how long `run` tries a unit again, seconds

        Raises
        ------
        ConfigError : if the URL names neither back-end
        StoreError : if the database cannot be reached, is not Houfeng's, or is newer than this program
        """
        store = cls.at(url, retry_s=retry_s)
        try:
            store.prepare()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def at(cls, url: str, *, retry_s: float = 60.0) -> Self:
        """A database that was not asked anything yet and may be away: `prepare` comes before everything else.

        Raises
        ------
        ConfigError : if the URL names neither back-end
        StoreError : if no database could ever be there
        """
        parsed = parse_url(url)
        return cls(parsed, engines.connect(parsed), retry_s)

    def prepare(self) -> None:
        """Make or migrate the tables where that is needed.

        Raises
        ------
        StoreAwayError : if the database does not answer now
        StoreError : if it is not Houfeng's, or newer than this program
        """
        prepare(self.read, self._write, engines.show(self._url))
        self._is_prepared = True

    @property
    def is_prepared(self) -> bool:
        """Whether the tables are known to be there; in any thread."""
        return self._is_prepared

    def ask(self) -> None:
        """Return when a unit of work could be done now; changes nothing.

        Raises
        ------
        StoreError : if it could not
        """
        with self._write() as connection:
            connection.execute(select(1))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for queries that all see the same moment.

        Raises
        ------
        StoreError : if the database does not answer
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise engines.explain(self._url, error) from error

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """One unit of work: committed at the end of the block, undone when it raises.

        Raises
        ------
        StoreError : if the database refused, or does not answer; whether it was committed is then unknown
        """
        with self._write() as connection:
            unit = UnitOfWork(connection)
            yield unit
            unit.mark_change()

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Do a unit of work, and again from its beginning while the server restarts or another writer is busy.

        `work` may be called several times and must do nothing but write to its unit. A commit whose answer was
        lost is repeated too; that is safe, because every write of a unit may be done twice.

        Raises
        ------
        StoreAwayError : if the database did not answer for `retry_s`
        StoreError : if it refused
        """
        until = time.monotonic() + self._retry_s
        wait_s = _WAIT_FIRST_S
        while True:
            try:
                with self.begin() as unit:
                    return work(unit)
            except StoreAwayError:
                if time.monotonic() + wait_s > until or self._closing.wait(wait_s):
                    raise
            wait_s = min(2 * wait_s, _WAIT_LONGEST_S)

    def close(self) -> None:
        """Close the connections; a `run` that waits for its next try gives up."""
        self._closing.set()
        self._engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        try:
            with self._writer.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise engines.explain(self._url, error) from error
