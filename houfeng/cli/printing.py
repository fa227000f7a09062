"""How sub-commands print rows: a table for people, JSON and CSV for programs; and how long work shows its progress."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

format_option = click.option(
    "--format",
    "layout",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print.",
)


def print_rows(name: str, rows: list[dict[str, Any]], columns: Iterable[str], layout: str) -> None:
    """Rows of one shape, under a name such as `events`.

    The table has the named columns only; JSON and CSV have all of them.
    """
    if layout == "json":
        click.echo(json.dumps({name: rows}, ensure_ascii=False, indent=2))
    elif layout == "csv":
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]) if rows else list(columns))
        writer.writeheader()
        writer.writerows(rows)
    elif rows:
        table = Table(box=box.SIMPLE_HEAD)
        for column in columns:
            table.add_column(column.replace("_", " "), overflow="fold")
        for row in rows:
            table.add_row(*(_cell(row[column]) for column in columns))
        Console().print(table)
    else:
        click.echo(f"No {name}.")


def bytes_progress() -> Progress:
    """A bar over bytes on standard error, so that what is printed can be piped; gone when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _cell(value: Any) -> str:
    if value is None:
        return "—"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
