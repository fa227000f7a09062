"""`houfeng replay`: archived records through the same pipeline, as fast as it goes."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text
from sqlalchemy import Connection

from acquisition.arrivals import Arrivals
from configs import Settings
from database import queries
from database.records import Run
from database.store import Store
from houfeng.cli.fetch import Pattern, Streams, bring, service_of
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.event_lines import summary
from houfeng.replaying import Step
from houfeng.replaying import replay as replay_files
from houfeng.replays.ahead import Ahead
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, format_ns

_TOLD_EVERY_S = 10.0
_SHOWN = 40  # events: of a year there are thousands, and what counts would scroll away


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR|FILE...")
@config_option
@click.option("--start", type=Time(), metavar="TIME", help="Only records from this UTC time on.")
@click.option("--end", type=Time(), metavar="TIME", help="Only records before this UTC time.")
@click.option("--anew", is_flag=True, help="Begin again where the same replay was interrupted.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N",
              help="Search channels on so many processes; what is found is the same.")  # fmt: skip
@click.option("--scheduler", metavar="tcp://HOST:PORT", default="",
              help="Search channels on a Dask scheduler's workers instead: needs houfeng[scale].")  # fmt: skip
@click.option("--fdsn", metavar="URL|NAME", default="",
              help="Fetch what DIR lacks between --start and --end from this data centre before.")  # fmt: skip
@click.option("--streams", type=Streams(), multiple=True, metavar="NET.STA.LOC.CHA,...",
              help="With --fdsn: channels; * and ? allowed. May be given several times.")  # fmt: skip
@click.option("--arrivals", type=click.Choice(["recorded", "none"]), default="none", show_default=True,
              help="Replay records as they came, and keep the history of events: what was shown when.")  # fmt: skip
def replay(
    paths: tuple[Path, ...],
    config: Path | None,
    start: int | None,
    end: int | None,
    anew: bool,
    workers: int,
    scheduler: str,
    arrivals: str,
    fdsn: str,
    streams: tuple[tuple[Pattern, ...], ...],
) -> None:
    """Detect on archived records, as fast as this computer can.

    DIR is any folder of miniSEED 2 and 3, SAC and strong motion (ESM, CSMIP, GeoNet) in any mixture, an SDS archive
    too; StationXML and dataless SEED in it are read. FILEs are single ones of these. A file that cannot be used is
    named with the reason.
    The records take the same way as live ones, in a run of their own: no row of the live run is touched, and the same
    replay twice changes nothing. One that was interrupted, even killed, goes on where it was when it is started again,
    and comes to the same result.
    With the default settings the database is houfeng.db in this folder.
    """
    _check(fdsn, streams, (start, end), paths)
    settings, came = settings_of(config), _arrivals(paths, start, arrivals, workers, scheduler)
    store = Store.open(settings.database.url)
    try:
        with TemporaryDirectory(prefix="houfeng-") as scratch, ExitStack() as stack:
            is_one = workers == 1 and not scheduler and came is None
            ahead = _fetch(settings, fdsn, streams, (start, end), paths, stack if is_one else None)
            sources = find_sources(paths, Path(scratch))
            for remark in sources.remarks:
                click.echo(remark, err=True)
            with _Progress(sum(file.n_bytes for file in sources.files)) as progress:
                run = replay_files(
                    *(settings, sources, store),
                    start_ns=start,
                    end_ns=end,
                    progress=progress.advance,
                    skipped=progress.skip,
                    anew=anew,
                    n_workers=workers,
                    scheduler=scheduler,
                    arrivals=came,
                    ahead=ahead,
                )
        with store.read() as snapshot:
            _print(snapshot, run)
    finally:
        store.close()


def _check(
    server: str,
    streams: tuple[tuple[Pattern, ...], ...],
    window: tuple[int | None, int | None],
    paths: tuple[Path, ...],
) -> None:
    start_ns, end_ns = window
    if (server or streams) and not (
        server and streams and start_ns is not None and end_ns is not None and len(paths) == 1
    ):
        raise click.UsageError("--fdsn, --streams, --start, a later --end and one DIR are needed together")
    if start_ns is not None and end_ns is not None and not start_ns < end_ns:
        raise click.UsageError("--end: a time after --start is needed")


def _fetch(
    settings: Settings,
    server: str,
    streams: tuple[tuple[Pattern, ...], ...],
    window: tuple[int | None, int | None],
    paths: tuple[Path, ...],
    stack: ExitStack | None,
) -> Ahead | None:
    """Bring what the folder lacks; with a stack to end it each day is searched while the next one comes."""
    start_ns, end_ns = window
    if not server or start_ns is None or end_ns is None:
        return None
    patterns = [pattern for group in streams for pattern in group]
    ahead = None
    if stack is not None:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="houfeng-ahead-")))
        ahead = stack.enter_context(Ahead(settings.detection, paths[0], start_ns, end_ns, scratch))
    service, whole = service_of(settings, server), [(start_ns, end_ns)]
    said, is_whole = bring(settings, service, patterns, whole, paths[0], None if ahead is None else ahead.begin)
    click.echo(said, err=True)
    if not is_whole:
        click.echo("not all of it came: the same command asks again for the rest, in a run of its own", err=True)
    return ahead


def _print(snapshot: Connection, run: Run) -> None:
    n_picks, found = len(queries.picks(snapshot, run_id=run.run_id)), queries.events(snapshot, run_id=run.run_id)
    if not run.n_records:
        click.echo("no record holds samples of the time between --start and --end", err=True)
    click.echo(f"{run.run_id}: {run.n_records} records, {n_picks} picks, {len(found)} events")
    click.echo(f"  result {run.result_hash[:16]}, from input {run.input_hash[:16]}")
    for event in found[: -_SHOWN - 1 : -1]:
        click.echo(f"  {format_ns(event.first_onset_ns, digits=2)}  {summary(event)}")
    if len(found) > _SHOWN:
        click.echo(f"  and {len(found) - _SHOWN} later ones: houfeng events list --run {run.run_id}")


def _arrivals(
    paths: tuple[Path, ...], start_ns: int | None, how: str, n_workers: int, scheduler: str
) -> Arrivals | None:
    if how == "none":
        return None
    if n_workers > 1 or scheduler:
        raise click.UsageError("--arrivals recorded: records come one after the other: without --workers, --scheduler")
    return Arrivals.below([path if path.is_dir() else path.parent for path in paths], start_ns)


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields["said"]), no_wrap=True, overflow="ellipsis")


class _Progress:
    """How much is done, and how long the rest takes: a bar at a terminal, else a line now and then.

    Parameters
    ----------
    n_bytes : of all files
    """

    def __init__(self, n_bytes: int) -> None:
        console = Console(stderr=True)
        # A narrow terminal takes from what is told last: a line more would be drawn below the one before for ever.
        told = _Speed(table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
        bar = BarColumn(bar_width=min(40, max(console.width // 4, 5)))
        columns = (TextColumn("Replaying"), bar, TaskProgressColumn(), TimeRemainingColumn(), told)
        self._bar = Progress(*columns, console=console, expand=True) if console.is_terminal else None
        self._task = self._bar.add_task("replay", total=n_bytes, said="") if self._bar else None
        self._n_bytes = n_bytes
        self._n_done = self._n_before = self._n_records = 0
        self._began = self._told = time.monotonic()
        self._first_ns: int | None = None
        self._last_ns = 0

    def __enter__(self) -> _Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def skip(self, step: Step) -> None:
        """Count what an interrupted replay had done."""
        self._n_before = self._n_done = step.n_bytes
        self._n_records = step.n_records
        click.echo(f"goes on where it was interrupted, behind {step.n_records} records", err=True)

    def advance(self, step: Step) -> None:
        """Count a batch."""
        self._n_done += step.n_bytes
        self._n_records += step.n_records
        self._first_ns = step.start_ns if self._first_ns is None else min(step.start_ns, self._first_ns)
        self._last_ns = max(self._last_ns, step.end_ns)
        now = time.monotonic()
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._n_done, said=self._said(now))
        elif now - self._told >= _TOLD_EVERY_S:
            self._told = now
            click.echo(f"replayed {self._share:.0%}, {self._left(now)} left; {self._said(now)}", err=True)

    @property
    def _share(self) -> float:
        return min(self._n_done / max(self._n_bytes, 1), 1.0)

    def _left(self, now: float) -> str:
        per_s = (self._n_done - self._n_before) / max(now - self._began, 1e-9)
        return str(timedelta(seconds=round(max(self._n_bytes - self._n_done, 0) / max(per_s, 1e-9))))

    def _said(self, now: float) -> str:
        data_s = (self._last_ns - (self._first_ns or 0)) / NS_PER_S
        speed = data_s / max(now - self._began, 1e-9)
        return f"{self._n_records} records, {data_s / 3600:.1f} h of data, {speed:,.0f} x real time"
