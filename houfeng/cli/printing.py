"""How sub-commands print rows: a table for people, JSON and CSV for programs; and how long work shows its progress."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from houfeng import sheets

_HEADINGS = {
    "total_latency_s": "latency s",
    "percent_availability_1h": "1 h %",
    "num_gaps": "gaps/h",
    "n_stations": "stations",
    "n_picks": "picks",
    "n_records": "records",
    "uncertainty_s": "± s",
    "pga_cm_s2": "PGA cm/s²",
    "pgv_cm_s": "PGV cm/s",
    "pgd_cm": "PGD cm",
    "arias_m_s": "Arias m/s",
    "cav_g_s": "CAV g s",
    "d5_95_s": "D5-95 s",
    "housner_cm_s": "SI cm/s",
    "pga_cm_s2_off_percent": "PGA off %",
    "pgv_cm_s_off_percent": "PGV off %",
    "pgd_cm_off_percent": "PGD off %",
    "psa_g": "PSA g",
}
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d\.\d\d)\d*Z")
_NAME_WIDTH = 16
_WORD_WIDTH = 24  # longer than any id; paths and hashes are folded
_BETWEEN = 3  # columns
PIPE_WIDTH = 400
SMALL = 0.1  # below it two decimals would hide most of a number

format_option = click.option(
    "--format",
    "layout",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print.",
)


def print_rows(
    name: str, rows: Sequence[Mapping[str, Any]], columns: Iterable[str], layout: str, shortened: str = ""
) -> None:
    """Rows of one shape, under a name such as `events`.

    The table has the named columns only, one of them `shortened` as in `print_table`; JSON and CSV have all of them.
    """
    if layout == "json":
        click.echo(json.dumps({name: rows}, ensure_ascii=False, indent=2))
    elif layout == "csv":
        sheets.write(sys.stdout, list(rows[0]) if rows else list(columns), rows)
    elif rows:
        print_table(rows, columns, shortened)
    else:
        click.echo(f"No {name}.")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Iterable[str], shortened: str = "") -> None:
    """Rows of one shape as a table with these columns; a row below the other where the terminal has no room for it.

    Texts are folded between words, but for a column that is `shortened`: long names of stations, which ids tell apart.
    """
    # In a pipe nothing is cut; at a terminal texts are wrapped between words, and ids are never in slivers.
    console, names = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH), list(columns)
    table = _table(rows, names, shortened)
    if sum(column.min_width or 0 for column in table.columns) + _BETWEEN * len(names) <= console.width:
        console.print(table)
        return
    wide = max(len(_heading(name)) for name in names)
    for row in rows:
        known = (name for name in names if row[name] not in (None, ""))
        click.echo("\n".join(f"{_heading(name):{wide}}  {_cell(row[name])}" for name in known) + "\n")


def bytes_progress() -> Progress:
    """A bar over bytes on standard error, so that what is printed can be piped; gone when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


@contextmanager
def share_progress(name: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error that is told the share of the work that is done, 0 to 1; gone when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _table(rows: Sequence[Mapping[str, Any]], columns: list[str], shortened: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        cells = [_cell(row[column]) for row in rows]
        longest = max((len(word) for cell in (_heading(column), *cells) for word in cell.split()), default=1)
        is_cut = column == shortened
        least = min(longest, _NAME_WIDTH if is_cut else _WORD_WIDTH)
        table.add_column(
            _heading(column),
            justify="right" if any(isinstance(row[column], int | float) for row in rows) else "left",
            min_width=least,
            max_width=_NAME_WIDTH if is_cut else None,
            no_wrap=is_cut or max(map(len, cells), default=0) <= least,
            overflow="ellipsis" if is_cut else "fold",
        )
    for row in rows:
        # as text: in a str, rich takes `[geofon]` for a colour and leaves it out
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    return table


def _heading(column: str) -> str:
    return _HEADINGS.get(column, column.replace("_", " "))


def _cell(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) >= SMALL or value == 0 else f"{value:.2g}"
    # microseconds are for programs; a reader of the table wants hundredths
    return _TIME.sub(r"\1 \2", str(value))
