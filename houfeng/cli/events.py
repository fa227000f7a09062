"""`houfeng events`: what was detected, as lists and one by one."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click

from database import queries
from database.records import EventDetail, EventStatus
from houfeng import event_lines, shapes
from houfeng.cli.listing import limit_option, read_database, run_option, since_option
from houfeng.cli.options import Time, config_option
from houfeng.cli.printing import format_option, print_rows, print_table
from houfeng.errors import StoreError
from houfeng.shape_types import Revision
from houfeng.times import format_ns

_EVENTS = (
    *("first_onset", "magnitude", "magnitude_kind", "n_stations", "place", "semi_major_km", "quality", "type_hint"),
    "id",
)
# Columns that say something of few events: they are shown where one has another value.
_USUAL = {"status": "current", "successor": None, "is_synthetic": False}
_PICKS = ("onset", "phase", "station", "channel", "residual_s", "uncertainty_s", "snr", "distance_km", "azimuth_deg")
_MAGNITUDES = ("kind", "value", "scatter", "n_stations", "method", "reference", "remark")
_STATIONS = ("kind", "station_id", "channels", "value", "distance_km", "snr", "is_used", "reason")
_HISTORY = ("revision", "created", "reason", "picks", "moved_km", "moved_s", "magnitude", "n_stations", "others")


@click.group()
def events() -> None:
    """Detected events."""


@events.command("list")
@config_option
@format_option
@run_option
@since_option
@click.option("--until", type=Time(), metavar="TIME", help="Only before this UTC time.")
@click.option("--min-magnitude", type=float, metavar="M", help="Only of this magnitude or more.")
@click.option(
    "--status",
    type=click.Choice(["current", "gone", "all"]),
    default="current",
    show_default=True,
    help="Current ones, those that were withdrawn or merged, or both.",
)
@limit_option
def list_events(
    config: Path | None,
    layout: str,
    run_id: str | None,
    since: int | None,
    until: int | None,
    min_magnitude: float | None,
    status: str,
    limit: int,
) -> None:
    """List the events, newest first."""
    rows = read_database(
        config,
        lambda snapshot: queries.events(
            snapshot,
            run_id=run_id,
            since_ns=since,
            until_ns=until,
            limit=limit,
            status=cast(EventStatus, status),
            min_magnitude=min_magnitude,
        ),
    )
    marked = [name for name, usual in _USUAL.items() if any(getattr(row, name) != usual for row in rows)]
    print_rows("events", [shapes.event(row) for row in rows], (*_EVENTS[:-1], *marked, "id"), layout)


@events.command("show")
@click.argument("event_id", metavar="ID")
@config_option
@run_option
@click.option("--json", "as_json", is_flag=True, help="Everything, as the API has it.")
@click.option("--quakeml", "as_quakeml", is_flag=True, help="As QuakeML 1.2.")
def show_event(event_id: str, config: Path | None, run_id: str | None, as_json: bool, as_quakeml: bool) -> None:
    """Show one event: origin, quality, picks, magnitudes and history.

    ID as `houfeng events list` has it; `event/` may be left out. An event that was withdrawn is shown as it was last.
    """
    if as_json and as_quakeml:
        raise click.UsageError("one of --json and --quakeml is needed, both came")
    found = event_of(config, event_id, run_id)
    if as_json:
        click.echo(json.dumps(shapes.event_detail(found), ensure_ascii=False, indent=2))
    elif as_quakeml:
        from houfeng.quakeml import quakeml  # ObsPy takes a second

        sys.stdout.buffer.write(quakeml([found]))
    else:
        _print(found)


def event_of(config: Path | None, event_id: str, run_id: str | None) -> EventDetail:
    """An event of the configured database, of a run or of the live ones; `event/` may be left out of its id.

    Raises
    ------
    StoreError : if there is none
    """
    public_id = event_id if "/" in event_id else f"event/{event_id}"
    found = read_database(config, lambda snapshot: queries.event(snapshot, public_id, run_id=run_id))
    if found is None:
        where = f"run {run_id} has" if run_id else "the live runs have"
        raise StoreError(f"{public_id}: {where} no event of this id; `houfeng events list` shows ids, --run other runs")
    return found


def _print(detail: EventDetail) -> None:
    shape = shapes.event_detail(detail)
    for name, text in _lines(detail):
        click.echo(f"{name + ':' if name else '':14}{text}")
    _section("Picks", shape["arrivals"], _PICKS)
    _section("Magnitudes", shape["magnitudes"], _MAGNITUDES)
    _section("Station magnitudes", shape["station_magnitudes"], _STATIONS)
    _section("History", [_history(each) for each in shape["history"]], _HISTORY)


def _lines(detail: EventDetail) -> list[tuple[str, str]]:
    row, origin = detail.event, detail.event.origin
    lines = [("Event", f"{row.public_id} of {row.run_id}")]
    if row.is_synthetic:
        lines.append(("", "SYNTHETIC: a computer made the records, there was no such earthquake"))
    if row.status != "current":
        lines.append(("Status", f"{event_lines.status_text(row)}; figures are those that were published last"))
    lines.append(("First onset", format_ns(row.first_onset_ns, digits=2)))
    lines.append(("Place", event_lines.place(origin)))
    if origin is not None:
        lines.append(("Origin time", f"{format_ns(origin.time_ns, digits=2)} ± {origin.time_error_s:.2f} s"))
        error = "fixed" if origin.depth_error_km is None else f"± {origin.depth_error_km:.1f} km"
        lines.append(("Depth", f"{origin.depth_km:.1f} km {error}"))
        lines.append(
            (
                "Epicentre",
                f"± {origin.semi_major_km:.1f} x {origin.semi_minor_km:.1f} km, {origin.major_azimuth_deg:.0f}°; "
                f"rms {origin.rms_s:.2f} s, gap {origin.gap_deg:.0f}°, nearest station {origin.nearest_km:.0f} km",
            )
        )
    remark = row.magnitude.remark if row.magnitude else ""
    lines.append(
        ("Magnitude", (event_lines.magnitude_text(row.magnitude) or "none") + (f" ({remark})" if remark else ""))
    )
    lines.append(("Quality", f"{row.quality or 'none'} {'; '.join(row.quality_reasons)}"))
    if row.type_hint:
        lines.append(("Type", f"{row.type_hint}: {'; '.join(row.type_reasons)}"))
    return lines


def _history(shape: Revision) -> dict[str, Any]:
    picks = [
        f"{sign}{pick['station']} {pick['phase']}"
        for sign, revised in (("+", shape["picks_added"]), ("-", shape["picks_taken"]))
        for pick in revised
    ]
    return {**shape, "picks": ", ".join(picks), "others": ", ".join(shape["others"])}


def _section(title: str, rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    if rows:
        click.echo(f"\n{title}")
        print_table(rows, columns)
