"""`houfeng archive gaps|spans|index`: what the database says the archive holds, and how to bring it up to date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection

from configs import Settings
from database import holdings
from database.holdings import AbsenceRow
from database.settings import parse_url
from database.store import Store
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.errors import HoufengError, StoreError
from houfeng.indexing import ArchiveIndex
from houfeng.times import NS_PER_S, format_ns, now_ns
from houfeng.types import Gap

T = TypeVar("T")

_GAPS = ("stream", "start", "end", "length_s", "state", "tries", "next_try", "reason")
_SPANS = ("stream", "start", "end", "length_s", "sample_rate_hz")

streams_argument = click.argument("streams", nargs=-1, metavar="[NET.STA.LOC.CHA]...")
since_option = click.option("--since", type=Time(), metavar="TIME", help="Only what ends after this UTC time.")
until_option = click.option("--until", type=Time(), metavar="TIME", help="Only what begins before this UTC time.")
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many, newest first."
)


@click.command()
@streams_argument
@config_option
@format_option
@since_option
@until_option
@limit_option
def gaps(
    streams: Sequence[str], config: Path | None, layout: str, since: int | None, until: int | None, limit: int
) -> None:
    """List the times that are missing between samples, newest first.

    For all streams, or those that match a pattern (* and ? allowed). A gap is half a sampling interval or longer. What
    is missing after a stream's last sample is none yet: `houfeng stations list` tells who is late. The state is that
    of back-filling: open (no data centre was asked), waiting (asked in vain, and for how long) or due.
    """
    at_ns = now_ns()

    def read(snapshot: Connection) -> list[dict[str, Any]]:
        absences = holdings.absences(snapshot)
        found = holdings.gaps(snapshot, patterns=streams, since_ns=since, until_ns=until, limit=limit)
        return [_gap(gap, absences, at_ns) for gap in found]

    print_rows("gaps", _read(settings_of(config), read), _GAPS, layout)


@click.command()
@streams_argument
@config_option
@format_option
@since_option
@until_option
@limit_option
def spans(
    streams: Sequence[str], config: Path | None, layout: str, since: int | None, until: int | None, limit: int
) -> None:
    """List the times without a missing sample, newest first.

    For all streams, or those that match a pattern (* and ? allowed). A span ends at a gap of half a sampling interval
    and where the rate changes.
    """

    def read(snapshot: Connection) -> list[dict[str, Any]]:
        found = holdings.spans(snapshot, patterns=streams, since_ns=since, until_ns=until, limit=limit)
        return [
            _times(row.source_id, row.span.start_ns, row.span.end_ns) | {"sample_rate_hz": row.span.sample_rate_hz}
            for row in found
        ]

    print_rows("spans", _read(settings_of(config), read), _SPANS, layout)


@click.command()
@config_option
def index(config: Path | None) -> None:
    """Let the database know what the archive holds now.

    The daemon does so by itself, and `import`, `repair` and `fetch --archive` do: this is for files that were copied,
    removed or restored by hand. Reads what has changed; may run beside the daemon.
    """
    settings = settings_of(config)
    store = Store.open(settings.database.url)
    try:
        n_files = ArchiveIndex(Path(settings.archive.path), store).update()
    finally:
        store.close()
    click.echo(f"{n_files} day files were read for what they hold")


def bring_up_to_date(settings: Settings, root: Path) -> None:
    """After a command that wrote to an archive: let the database know, where it keeps book of that archive."""
    if root.resolve() != Path(settings.archive.path).resolve() or not _has_file(settings):
        return
    try:
        store = Store.open(settings.database.url)
        try:
            ArchiveIndex(root, store).update()
        finally:
            store.close()
    except HoufengError as error:
        click.echo(f"{error}; `houfeng archive index`, or the daemon's next start, lists the new data", err=True)


def _gap(gap: Gap, absences: Collection[AbsenceRow], at_ns: int) -> dict[str, Any]:
    asked = [row for row in absences if _overlap(row.gap, gap)]
    next_try_ns = min((row.next_try_ns for row in asked), default=None)
    state = "open" if next_try_ns is None else "waiting" if next_try_ns > at_ns else "due"
    return _times(gap.source_id, gap.start_ns, gap.end_ns) | {
        "state": state,
        "tries": max((row.tries for row in asked), default=0),
        "next_try": None if next_try_ns is None else format_ns(next_try_ns, digits=0),
        "reason": "; ".join(sorted({f"{row.server}: {row.reason}" for row in asked})),
    }


def _times(source_id: object, start_ns: int, end_ns: int) -> dict[str, Any]:
    return {
        "stream": str(source_id),
        "start": format_ns(start_ns),
        "end": format_ns(end_ns),
        "length_s": (end_ns - start_ns) / NS_PER_S,
    }


def _overlap(one: Gap, other: Gap) -> bool:
    return one.source_id == other.source_id and one.start_ns < other.end_ns and other.start_ns < one.end_ns


def _has_file(settings: Settings) -> bool:
    url = parse_url(settings.database.url)
    return url.drivername != "sqlite" or Path(str(url.database)).exists()


def _read(settings: Settings, query: Callable[[Connection], T]) -> T:
    if not _has_file(settings):  # to list must not make an empty one
        raise StoreError(
            f"{parse_url(settings.database.url).database}: there is no database yet; `houfeng run` and "
            "`houfeng archive index` make it"
        )
    store = Store.open(settings.database.url)
    try:
        with store.read() as snapshot:
            return query(snapshot)
    finally:
        store.close()
