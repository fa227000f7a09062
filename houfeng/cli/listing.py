"""`houfeng picks list`: what the database holds, as a table, JSON or CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy import Connection

from database import queries
from database.settings import parse_url
from database.store import Store
from houfeng import shapes
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.errors import StoreError

Answer = TypeVar("Answer")

# Columns of the printed tables; JSON and CSV have all of them.
_PICKS = ("onset", "channel", "phase", "polarity", "uncertainty_s", "snr", "band", "event")

run_option = click.option("--run", "run_id", metavar="ID", help="Of this run.  [default: the live ones]")
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many, newest first."
)
since_option = click.option("--since", type=Time(), metavar="TIME", help="Only from this UTC time on.")


@click.group()
def picks() -> None:
    """Phase onsets on single channels."""


@picks.command("list")
@config_option
@format_option
@run_option
@since_option
@limit_option
def list_picks(config: Path | None, layout: str, run_id: str | None, since: int | None, limit: int) -> None:
    """List the picks, newest first, each with the event it belongs to."""
    rows = read_database(config, lambda snapshot: queries.picks(snapshot, run_id=run_id, since_ns=since, limit=limit))
    print_rows("picks", [shapes.pick(row) for row in rows], _PICKS, layout)


def read_database(config: Path | None, query: Callable[[Connection], Answer]) -> Answer:
    """What a query says of the configured database.

    Raises
    ------
    StoreError : if there is none yet, or it does not answer
    """

    def read(store: Store) -> Answer:
        with store.read() as snapshot:
            return query(snapshot)

    return open_database(config, read)


def open_database(config: Path | None, work: Callable[[Store], Answer]) -> Answer:
    """What becomes of some work with the configured database.

    Raises
    ------
    StoreError : if there is none yet, or it does not answer
    """
    url = settings_of(config).database.url
    file = parse_url(url).database if parse_url(url).drivername == "sqlite" else None
    if file is not None and not Path(file).exists():  # to list must not make an empty one
        raise StoreError(f"{file}: there is no database yet; `houfeng run` and `houfeng replay` make it")
    store = Store.open(url)
    try:
        return work(store)
    finally:
        store.close()
