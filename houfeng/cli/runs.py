"""`houfeng runs list|show|diff`: what was replayed, from what, and what one run found that another did not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from database import queries, run_results
from houfeng import run_shapes, shapes
from houfeng.cli.listing import read_database
from houfeng.cli.options import config_option
from houfeng.cli.printing import format_option, print_rows, print_table
from houfeng.cli.runs_work import work
from houfeng.errors import StoreError
from houfeng.replays.differing import (
    EVENT_TOLERANCE_KM,
    EVENT_TOLERANCE_S,
    PICK_TOLERANCE_S,
    Difference,
    compare,
)

# Columns of the printed tables; JSON and CSV have all of them.
_RUNS = ("id", "kind", "started", "n_records", "result", "source")
_CHANNELS = ("channel", "data_start", "data_end", "n_records", "n_gaps", "gap_s", "n_picks", "n_vetoed")
_INPUTS = ("kind", "channel", "n_bytes", "sha256", "name")
_DIFFERENCES = ("difference", "name", "a", "b", "shift_s", "moved_km", "why")
_SHOWN = 12
_KINDS = {"picks": ("same", "moved", "only A", "only B"), "events": ("same", "changed", "only A", "only B")}


@click.group()
def runs() -> None:
    """Live runs and replays."""


runs.add_command(work)


@runs.command("list")
@config_option
@format_option
def list_runs(config: Path | None, layout: str) -> None:
    """List the runs, newest first."""
    found = read_database(config, queries.runs)
    marked = ("is_synthetic",) if any(row.is_synthetic for row in found) else ()
    rows: list[dict[str, Any]] = [{**shapes.run(row)} for row in found]
    if layout == "table":
        rows = [row | {"result": (row["result_hash"] or "unfinished")[:_SHOWN] if row["kind"] == "replay" else None}
                for row in rows]  # fmt: skip
    print_rows("runs", rows, (*_RUNS, *marked), layout)


@runs.command("show")
@click.argument("run_id", metavar="RUN")
@config_option
@click.option("--format", "layout", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="How to print.")  # fmt: skip
def show(run_id: str, config: Path | None, layout: str) -> None:
    """Show what RUN was made from: configuration, version, files with their hashes, and what each channel gave.

    RUN is an id as `houfeng runs list` has it; `run/` may be left out.
    """

    def query(snapshot: Connection) -> run_shapes.RunDetail:
        run = queries.run(snapshot, _id(run_id))
        if run is None:
            raise StoreError(f"{run_id}: there is no run of this id; `houfeng runs list` names them")
        inputs, channels = run_results.inputs(snapshot, run.run_id), run_results.channels(snapshot, run.run_id)
        return run_shapes.run_detail(run, inputs, channels, run_results.n_picks(snapshot, run.run_id))

    shape = read_database(config, query)
    if layout == "json":
        click.echo(json.dumps(shape, ensure_ascii=False, indent=2))
        return
    for name, value in shape.items():
        if name not in ("configuration", "inputs", "channels"):
            click.echo(f"{name.replace('_', ' '):14}{'—' if value is None else value}")
    for rows, columns in ((shape["channels"], _CHANNELS), (shape["inputs"], _INPUTS)):
        if rows:
            print_table(rows, columns)


@runs.command("diff")
@click.argument("id_a", metavar="A")
@click.argument("id_b", metavar="B")
@config_option
@format_option
@click.option("--pick-s", type=click.FloatRange(min=0), default=PICK_TOLERANCE_S, show_default=True, metavar="S",
              help="Onsets of a station and phase that are further apart are two.")  # fmt: skip
@click.option("--event-s", type=click.FloatRange(min=0), default=EVENT_TOLERANCE_S, show_default=True, metavar="S",
              help="Origins further apart in time are two events.")  # fmt: skip
@click.option("--event-km", type=click.FloatRange(min=0), default=EVENT_TOLERANCE_KM, show_default=True, metavar="KM",
              help="Origins further apart are two events.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True,
              help="The table has at most so many rows; JSON and CSV have all.")  # fmt: skip
def diff(
    id_a: str, id_b: str, config: Path | None, layout: str, pick_s: float, event_s: float, event_km: float, limit: int
) -> None:
    """Show what run B found otherwise than run A, and why.

    Picks and events that only one of them has, that moved or changed; measures that differ; and of what the runs
    are made: keys of the configuration, content of files and metadata, version of the code. Runs are named as
    `houfeng runs list` does; `run/` may be left out. The exit status is 0 where they found the same, 1 where they
    differ, 2 where one of them is not there.
    """

    def query(snapshot: Connection) -> Difference:
        return compare(
            snapshot,
            *(_id(id_a), _id(id_b)),
            pick_tolerance_s=pick_s,
            event_tolerance_s=event_s,
            event_tolerance_km=event_km,
        )

    found = read_database(config, query)
    rows = run_shapes.rows(found)
    if layout == "json":
        click.echo(json.dumps(run_shapes.difference(found), ensure_ascii=False, indent=2))
    elif layout == "csv":
        print_rows("differences", rows, _DIFFERENCES, layout)
    else:
        _print(found, rows, limit)
    raise SystemExit(0 if found.is_same else 1)


def _print(found: Difference, rows: Sequence[Mapping[str, Any]], limit: int) -> None:
    for name, kinds in _KINDS.items():
        counts = found.counts[name]
        click.echo(f"{name}: {', '.join(f'{counts.get(kind, 0)} {kind}' for kind in kinds)}")
    if found.median_shift_s is not None:
        click.echo(f"median shift of the picks that moved, B - A: {found.median_shift_s:+.3f} s")
    if found.is_same:
        click.echo("the two found the same")
    if rows:
        print_table(rows[:limit], _DIFFERENCES)
    if len(rows) > limit:
        click.echo(f"{len(rows) - limit} rows more: --limit, or --format json")


def _id(text: str) -> str:
    return text if "/" in text else f"run/{text}"
