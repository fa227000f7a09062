"""`houfeng noise`: power spectral densities of archived records, as a table, numbers or a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from acquisition.replay import find_files
from acquisition.waveform_files import ReplayWindows
from configs import Settings
from database import noise_days
from database.store import Store
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import format_option, print_rows, share_progress
from houfeng.errors import SourceError, StoreError
from houfeng.indexing import ArchiveIndex
from houfeng.network import load_network
from houfeng.noise import ChannelNoise, channel_noise, channels_of, matching, stored_noise
from houfeng.noise_archive import NoiseArchive
from houfeng.station_files import find_station_files
from houfeng.times import now_ns
from houfeng.types import SourceId
from stations.health.noise import Noise
from stations.responsexml import Responses

_COLUMNS = ("channel", "n_windows", "period_s", "p05_db", "p50_db", "p95_db", "low_noise_db", "high_noise_db")
# Of eight periods in an octave, so many are enough for people.
_EVERY = 4


@click.command()
@click.argument("arguments", nargs=-1, metavar="[DIR|ARCHIVE] [NET.STA.LOC.CHA]...")
@config_option
@format_option
@click.option("--start", type=Time(), metavar="TIME", help="Only records from this UTC time on.")
@click.option("--end", type=Time(), metavar="TIME", help="Only records before this UTC time.")
@click.option(
    "--plot", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Draw each channel's PDF there."
)
@click.option("--stored", is_flag=True, help="Of the configuration's archive, from the database: no DIR is needed.")
@click.option("--update", is_flag=True, help="Bring that up to date first, as the daemon does every day.")
def noise(
    arguments: Sequence[str],
    config: Path | None,
    layout: str,
    start: int | None,
    end: int | None,
    plot: Path | None,
    stored: bool,
    update: bool,
) -> None:
    """How noisy sites are: percentiles of power spectral density against Peterson's models.

    DIR is any folder of miniSEED, an SDS archive too; responses are in the StationXML in it or in the configuration.
    With --stored it is the database that is asked, where the daemon keeps the noise of each past day.
    Levels are of ground acceleration in dB relative to 1 (m/s^2)^2/Hz, of windows of an hour every half hour
    (McNamara & Buland 2004, decibels averaged as ObsPy does). Windows with gaps are left out.
    """
    settings = settings_of(config)
    if stored or update:
        noises = _stored(settings, arguments, start, end, update)
    elif arguments:
        noises = _measured(settings, Path(arguments[0]), arguments[1:], start, end)
    else:
        raise click.UsageError("a folder of miniSEED, or --stored, is needed")
    rows = []
    for found in noises:
        if found.remark:
            click.echo(f"{found.source_id}: {found.remark}", err=True)
        if plot is not None and found.noise is not None:
            click.echo(f"{_drawn(found.source_id, found.noise, plot)}", err=True)
        shown = found.rows()
        rows += shown if layout != "table" else shown[::_EVERY]
    print_rows("noise", rows, _COLUMNS, layout)


def _measured(
    settings: Settings, folder: Path, channels: Sequence[str], start: int | None, end: int | None
) -> Iterator[ChannelNoise]:
    files = find_files(folder)
    wanted = channels_of(files, channels)
    if not wanted:
        raise SourceError(f"{folder}: no channel matches {', '.join(channels)}")
    windows = ReplayWindows(files, start_ns=start, end_ns=end)
    responses = Responses(load_network(settings, find_station_files(folder)).inventory)
    for source_id in wanted:
        with share_progress(str(source_id)) as progress:
            yield channel_noise(source_id, windows, responses, start_ns=start, end_ns=end, progress=progress)


def _stored(
    settings: Settings, channels: Sequence[str], start: int | None, end: int | None, update: bool
) -> Iterator[ChannelNoise]:
    responses = Responses(load_network(settings).inventory)
    store = Store.open(settings.database.url)
    try:
        if update:
            root = Path(settings.archive.path)
            ArchiveIndex(root, store).update()
            n_days = NoiseArchive(root, store, settings.metrics.noise_delay_h * 3600).update(responses, now_ns())
            click.echo(f"the noise of {n_days} days was made", err=True)
        with store.read() as snapshot:
            wanted = matching(noise_days.channels(snapshot), channels)
            if not wanted:
                what = ", ".join(channels) or "at all"
                raise StoreError(f"the database has no stored noise of {what}; --update makes it")
            for source_id in wanted:
                yield stored_noise(source_id, snapshot, responses, start_ns=start, end_ns=end)
    finally:
        store.close()


def _drawn(source_id: SourceId, noise: Noise, folder: Path) -> Path:
    from houfeng.cli.noise_plot import draw  # takes a second to import

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source_id}.png"
    draw(source_id, noise, path)
    return path
