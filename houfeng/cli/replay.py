"""`houfeng replay`: archived records through the same pipeline, as fast as it goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from acquisition.replay import find_files
from database import queries
from database.store import Store
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.replaying import replay as replay_files
from houfeng.shapes import summary
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import Packet


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR|ARCHIVE")
@config_option
@click.option("--start", type=Time(), metavar="TIME", help="Only records from this UTC time on.")
@click.option("--end", type=Time(), metavar="TIME", help="Only records before this UTC time.")
def replay(folder: Path, config: Path | None, start: int | None, end: int | None) -> None:
    """Detect on archived records, as fast as this computer can.

    DIR is any folder of miniSEED, an SDS archive too; StationXML in it is read. The records take the same way as live
    ones, in a run of their own: no row of the live run is touched, and the same replay twice changes nothing.
    With the default settings the database is houfeng.db in this folder.
    """
    settings = settings_of(config)
    files = find_files(folder)
    store = Store.open(settings.database.url)
    try:
        with _Progress(sum(file.n_bytes for file in files)) as progress:
            run = replay_files(settings, files, folder, store, start_ns=start, end_ns=end, progress=progress.advance)
        with store.read() as snapshot:
            n_picks = len(queries.picks(snapshot, run_id=run.run_id))
            found = queries.events(snapshot, run_id=run.run_id)
    finally:
        store.close()
    click.echo(f"{run.run_id}: {run.n_records} records, {n_picks} picks, {len(found)} events")
    for event in reversed(found):
        click.echo(f"  {format_ns(event.first_onset_ns, digits=2)}  {summary(event)}")


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        fields = task.fields
        return Text(f"{fields['records']} records, {fields['hours']:.1f} h of data, {fields['speed']:,.0f} x real time")


class _Progress:
    """A bar over the files' bytes, with records, data time and how much faster than real time that is."""

    def __init__(self, n_bytes: int) -> None:
        self._bar = Progress(TextColumn("Replaying"), BarColumn(), TimeRemainingColumn(), _Speed())
        self._task = self._bar.add_task("replay", total=n_bytes, records=0, hours=0.0, speed=0.0)
        self._began = time.monotonic()
        self._n_records = 0
        self._first_ns: int | None = None
        self._last_ns = 0

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, packets: Sequence[Packet]) -> None:
        """Count a batch."""
        self._n_records += len(packets)
        first_ns = min(packet.start_ns for packet in packets)
        self._first_ns = first_ns if self._first_ns is None else min(first_ns, self._first_ns)
        self._last_ns = max(self._last_ns, *(packet.next_ns for packet in packets))
        data_s = (self._last_ns - self._first_ns) / NS_PER_S
        self._bar.update(
            self._task,
            advance=sum(len(packet.raw) for packet in packets),
            records=self._n_records,
            hours=data_s / 3600,
            speed=data_s / max(time.monotonic() - self._began, 1e-9),
        )
