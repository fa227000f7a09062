"""What an operator decides about the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from houfeng.checks import not_negative
from houfeng.errors import ConfigError

_DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Which database, as a SQLAlchemy URL.

    Parameters
    ----------
    url : `sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`
    retry_s : how long a write is tried again while the server restarts or another writer is busy, seconds

    Raises
    ------
    ConfigError : if the URL names neither back-end, or SQLite without a file
    """

    url: str = "sqlite:///houfeng.db"
    retry_s: float = 10.0

    def __post_init__(self) -> None:
        parse_url(self.url)
        not_negative(self, "retry_s", where="database.")

    def resolved(self, folder: Path) -> Self:
        """The same settings with a relative SQLite file taken from `folder`."""
        url = parse_url(self.url)
        if url.drivername != "sqlite":
            return self
        file = folder / str(url.database)
        return replace(self, url=url.set(database=str(file)).render_as_string())


def parse_url(text: str) -> URL:
    """The URL of a database that Houfeng can use.

    Raises
    ------
    ConfigError : if it names neither back-end, or SQLite without a file; the text may hold a password, so it is
        not repeated
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ConfigError(
            "database.url: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE is needed, "
            "something that is not a URL came"
        ) from None
    if url.drivername not in _DRIVERS:
        raise ConfigError(f"database.url: sqlite or postgresql+psycopg is needed, {url.drivername!r} came")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigError(
            "database.url: SQLite needs a file, such as sqlite:///houfeng.db; each connection would see a "
            "memory database of its own"
        )
    return url
