"""`houfeng stations|events|picks|runs list`: what the database holds, as a table, JSON or CSV."""

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
from houfeng.times import now_ns
from stations.changes import changes
from stations.health import State
from stations.inventory import parse_stationxml

Row = TypeVar("Row")

# Columns of the printed tables; JSON and CSV have all of them.
_STATIONS = ("status", "id", "name", "country", "total_latency_s", "percent_availability_1h", "num_gaps", "reason")
_EVENTS = (
    *("first_onset", "magnitude", "magnitude_kind", "n_stations", "place", "semi_major_km", "quality", "type_hint"),
    "id",
)
_PICKS = ("onset", "channel", "phase", "polarity", "uncertainty_s", "snr", "band", "event")
_RUNS = ("id", "kind", "started", "n_records", "source")

run_option = click.option("--run", "run_id", metavar="ID", help="Of this run.  [default: the live ones]")
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many, newest first."
)
since_option = click.option("--since", type=Time(), metavar="TIME", help="Only from this UTC time on.")


@click.group()
def stations() -> None:
    """Stations and their health."""


@stations.command("list")
@config_option
@format_option
@click.option("--status", type=click.Choice([str(state) for state in State]), help="Only stations of this status.")
def list_stations(config: Path | None, layout: str, status: str | None) -> None:
    """List the stations, worst first, each with the reason for its status."""
    wanted = None if status is None else State(status)
    rows = _read(config, lambda snapshot: queries.stations(snapshot, status=wanted, seen_at_ns=now_ns()))
    print_rows("stations", [shapes.station(row) for row in rows], _STATIONS, layout)


@stations.command("diff")
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def diff_stations(old: Path, new: Path) -> None:
    """Show what stations and channel epochs of the StationXML NEW say otherwise than those of OLD."""
    found = changes(*(parse_stationxml(path.read_bytes(), str(path)) for path in (old, new)))
    for change in found:
        click.echo(f"{change.what}: {change.text}")
    if not found:
        click.echo("no difference in stations and channel epochs")


@click.group()
def events() -> None:
    """Detected events."""


@events.command("list")
@config_option
@format_option
@run_option
@since_option
@limit_option
def list_events(config: Path | None, layout: str, run_id: str | None, since: int | None, limit: int) -> None:
    """List the events, newest first."""
    rows = _read(config, lambda snapshot: queries.events(snapshot, run_id=run_id, since_ns=since, limit=limit))
    print_rows("events", [shapes.event(row) for row in rows], _EVENTS, layout)


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
    rows = _read(config, lambda snapshot: queries.picks(snapshot, run_id=run_id, since_ns=since, limit=limit))
    print_rows("picks", [shapes.pick(row) for row in rows], _PICKS, layout)


@click.group()
def runs() -> None:
    """Live runs and replays."""


@runs.command("list")
@config_option
@format_option
def list_runs(config: Path | None, layout: str) -> None:
    """List the runs, newest first."""
    print_rows("runs", [shapes.run(row) for row in _read(config, queries.runs)], _RUNS, layout)


def _read(config: Path | None, query: Callable[[Connection], list[Row]]) -> list[Row]:
    url = settings_of(config).database.url
    file = parse_url(url).database if parse_url(url).drivername == "sqlite" else None
    if file is not None and not Path(file).exists():  # to list must not make an empty one
        raise StoreError(f"{file}: there is no database yet; `houfeng run` and `houfeng replay` make it")
    store = Store.open(url)
    try:
        with store.read() as snapshot:
            return query(snapshot)
    finally:
        store.close()
