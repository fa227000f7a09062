"""`houfeng availability`: how much of the last hour, day, month and year the archive has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import click

from database.store import Store
from houfeng.availability import LEVELS
from houfeng.availability import availability as measured
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import print_rows
from houfeng.times import format_ns, now_ns

_COLUMNS = ("name", "percent_1h", "percent_24h", "percent_30d", "percent_1y", "num_gaps_1y", "max_gap_s", "n_channels")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 14px sans-serif; margin: 2em }} td, th {{ padding: .2em .8em; border-bottom: 1px solid #ccc }}
td {{ text-align: right }} td:first-child, td:nth-child(2) {{ text-align: left }}
</style></head><body><h1>{title}</h1>
<table><tr>{heads}</tr>
{rows}
</table></body></html>"""


@click.command()
@click.argument("channels", nargs=-1, metavar="[NET.STA.LOC.CHA]...")
@config_option
@click.option(
    "--by",
    type=click.Choice([*LEVELS, "all"]),
    default="station",
    show_default=True,
    help="What each row is of.",
)
@click.option("--until", type=Time(), metavar="TIME", help="When the hour, day, month and year end.  [default: now]")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["table", "json", "csv", "html"]),
    default="table",
    show_default=True,
    help="How to print.",
)
def availability(channels: Sequence[str], config: Path | None, by: str, until: int | None, layout: str) -> None:
    """How much of the time asked for is archived, percent of the last hour, 24 hours, 30 days and 365 days.

    For all channels that ever sent, or those that match a pattern (* and ? allowed). A channel is asked for from its
    first sample on. A station, network or country has the sums of its channels, each of which counts alike.
    """
    end_ns = now_ns() if until is None else until
    store = Store.open(settings_of(config).database.url)
    try:
        with store.read() as snapshot:
            found = measured(snapshot, end_ns, channels)
    finally:
        store.close()
    rows = [each.row() for each in found if by in (each.level, "all")]
    if layout == "html":
        click.echo(_page(rows, f"Availability until {format_ns(end_ns, digits=0)}"))
    else:
        columns = ("level", *_COLUMNS) if by == "all" else _COLUMNS
        print_rows("availability", rows, columns, layout, shortened="name")


def _page(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    columns = ("level", *_COLUMNS)
    heads = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in columns)
    lines = ["<tr>" + "".join(f"<td>{_cell(row[name])}</td>" for name in columns) + "</tr>" for row in rows]
    return _PAGE.format(title=escape(title), heads=heads, rows="\n".join(lines))


def _cell(value: Any) -> str:
    return "—" if value is None else escape(f"{value:.2f}" if isinstance(value, float) else str(value))
