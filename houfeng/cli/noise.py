"""`houfeng noise`: power spectral densities of archived records, as a table, numbers or a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from acquisition.replay import find_files
from acquisition.waveform_files import ReplayWindows
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import format_option, print_rows, share_progress
from houfeng.errors import SourceError
from houfeng.network import load_network
from houfeng.noise import channel_noise, channels_of
from houfeng.types import SourceId
from stations.health.noise import Noise
from stations.responsexml import Responses

_COLUMNS = ("channel", "n_windows", "period_s", "p05_db", "p50_db", "p95_db", "low_noise_db", "high_noise_db")
# Of eight periods in an octave, so many are enough for people.
_EVERY = 4


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR|ARCHIVE")
@click.argument("channels", nargs=-1, metavar="[NET.STA.LOC.CHA]...")
@config_option
@format_option
@click.option("--start", type=Time(), metavar="TIME", help="Only records from this UTC time on.")
@click.option("--end", type=Time(), metavar="TIME", help="Only records before this UTC time.")
@click.option(
    "--plot", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Draw each channel's PDF there."
)
def noise(
    folder: Path,
    channels: Sequence[str],
    config: Path | None,
    layout: str,
    start: int | None,
    end: int | None,
    plot: Path | None,
) -> None:
    """How noisy sites are: percentiles of power spectral density against Peterson's models.

    DIR is any folder of miniSEED, an SDS archive too; responses are in the StationXML in it or in the configuration.
    Levels are of ground acceleration in dB relative to 1 (m/s^2)^2/Hz, of windows of an hour every half hour
    (McNamara & Buland 2004, decibels averaged as ObsPy does). Windows with gaps are left out.
    """
    files = find_files(folder)
    wanted = channels_of(files, channels)
    if not wanted:
        raise SourceError(f"{folder}: no channel matches {', '.join(channels)}")
    windows = ReplayWindows(files, start_ns=start, end_ns=end)
    responses = Responses(load_network(settings_of(config), sorted(folder.rglob("*.xml"))).inventory)
    rows = []
    for source_id in wanted:
        with share_progress(str(source_id)) as progress:
            found = channel_noise(source_id, windows, responses, start_ns=start, end_ns=end, progress=progress)
        if found.remark:
            click.echo(f"{source_id}: {found.remark}", err=True)
        if plot is not None and found.noise is not None:
            click.echo(f"{_drawn(source_id, found.noise, plot)}", err=True)
        shown = found.rows()
        rows += shown if layout != "table" else shown[::_EVERY]
    print_rows("noise", rows, _COLUMNS, layout)


def _drawn(source_id: SourceId, noise: Noise, folder: Path) -> Path:
    from houfeng.cli.noise_plot import draw  # takes a second to import

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source_id}.png"
    draw(source_id, noise, path)
    return path
