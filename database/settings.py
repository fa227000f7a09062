"""What an operator decides about the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from houfeng.checks import not_negative
from houfeng.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import URL

_DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")
# A SQLite file whose name means itself: for these SQLAlchemy, a third of a second of imports, need not be asked.
_PLAIN_FILE = re.compile(r"sqlite:///([^?#%@]+)", re.ASCII)


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
        if not _PLAIN_FILE.fullmatch(self.url) or ":memory:" in self.url:
            parse_url(self.url)
        not_negative(self, "retry_s", where="database.")

    def resolved(self, folder: Path) -> Self:
        """The same settings with a relative SQLite file taken from `folder`."""
        if self.file is None:
            return self
        file = str(folder / self.file)
        plain = f"sqlite:///{file}"
        if _PLAIN_FILE.fullmatch(self.url) and _PLAIN_FILE.fullmatch(plain):
            return replace(self, url=plain)
        return replace(self, url=parse_url(self.url).set(database=file).render_as_string())

    @property
    def file(self) -> Path | None:
        """The SQLite database; None for another one."""
        plain = _PLAIN_FILE.fullmatch(self.url)
        if plain and plain[1] != ":memory:":
            return Path(plain[1])
        url = parse_url(self.url)
        return Path(str(url.database)) if url.drivername == "sqlite" else None

    @property
    def has_password(self) -> bool:
        """Whether the URL holds one."""
        return not _PLAIN_FILE.fullmatch(self.url) and parse_url(self.url).password is not None


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long what is kept, days; 0 for ever.

    Parameters
    ----------
    status_changes_days : changes of the stations' states
    alerts_days : alerts, after they were closed
    deliveries_days : messages about alerts, after these were closed

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    status_changes_days: float = 730.0
    alerts_days: float = 730.0
    deliveries_days: float = 90.0

    def __post_init__(self) -> None:
        not_negative(self, "status_changes_days", "alerts_days", "deliveries_days", where="retention.")


def parse_url(text: str) -> URL:
    """The URL of a database that Houfeng can use.

    Raises
    ------
    ConfigError : if it names neither back-end, or SQLite without a file; the text may hold a password, so it is
        not repeated
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

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
