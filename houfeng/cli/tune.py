"""`houfeng tune`: which bands and thresholds find a catalogue's events in recorded data, and at what price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from acquisition.replay import find_files
from configs import Settings
from configs.presets import preset_bands
from detection.settings import DetectionSettings
from detection.tuning.catalogue import KnownEvent, parse_catalogue
from detection.tuning.grid import Bands, Grid, combinations
from detection.tuning.judging import Found, judge
from detection.tuning.windows import Reach
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.cli.tune_report import COLUMNS, Report
from houfeng.errors import CatalogueError, ConfigError
from houfeng.network import load_network
from houfeng.station_files import find_station_files
from houfeng.tuning import Trial, swept

_PICTURES = (".png", ".pdf", ".svg")
_ON_RATIOS = (2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


class Numbers(click.ParamType["tuple[float, ...]"]):
    """Positive numbers with commas between them."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(word) for word in str(value).split(","))
        except ValueError:
            numbers = ()
        if not numbers or min(numbers) <= 0:
            self.fail(f"positive numbers with commas between them are needed, {value!r} came", param, ctx)
        return numbers


class BandSets(click.ParamType["tuple[Bands, ...]"]):
    """Sets of bands with commas between them, bands with + between them: `3-10+8-25,1-4`."""

    name = "bands"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Bands, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(_band_set(word) for word in str(value).split(","))
        except ValueError:
            self.fail(f"LOW-HIGH[+LOW-HIGH...],... in Hz is needed, {value!r} came", param, ctx)


def _band_set(word: str) -> Bands:
    pairs = [tuple(float(corner) for corner in band.split("-")) for band in word.split("+")]
    return tuple((low, high) for low, high in pairs)


class Picture(click.Path):
    """A file that a picture can be written to: what is wrong with it is said before the work, not after it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(str(value), param, ctx)))
        if path.suffix not in _PICTURES:
            self.fail(f"a file ending in {' or '.join(_PICTURES)} is needed, {value!r} came", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"{path}: there is no such folder", param, ctx)
        return path


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True), metavar="CONFIG.toml|DIR")
@click.option("--catalogue", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True,
              metavar="FILE", help="Known events: ComCat's CSV, FDSN text, or QuakeML.")  # fmt: skip
@config_option
@click.option("--start", type=Time(), metavar="TIME", help="Only records from this UTC time on.")
@click.option("--end", type=Time(), metavar="TIME", help="Only records before this UTC time.")
@click.option("--bands", type=BandSets(), metavar="LIST",
              help="In Hz: 3-10+8-25,1-4 tries two at once, and one.  [default: today's and the presets']")  # fmt: skip
@click.option("--on", "on_ratios", type=Numbers(), metavar="LIST", default=",".join(map("{:g}".format, _ON_RATIOS)),
              show_default=True, help="Ratios at which a trigger starts.")  # fmt: skip
@click.option("--sta", type=Numbers(), metavar="LIST", help="Short averages, s.  [default: today's]")
@click.option("--lta", type=Numbers(), metavar="LIST", help="Long averages, s.  [default: today's]")
@click.option("--false-per-hour", type=click.FloatRange(min=0), default=5.0, show_default=True, metavar="N",
              help="Allowed false triggers per hour and station.")  # fmt: skip
@click.option("--max-distance-km", type=click.FloatRange(min=0), default=150.0, show_default=True,
              help="Stations further from an event need not see it.")  # fmt: skip
@click.option("--min-magnitude", type=float, metavar="M", help="Smaller events need not be seen.  [default: all are]")
@click.option("--tolerance-s", type=click.FloatRange(min=0), default=1.0, show_default=True,
              help="Between a trigger's onset and the expected P, beside 5 % of the travel time.")  # fmt: skip
@click.option("--write", "fragment", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.toml",
              help="Write the best settings, to be included by a configuration.")  # fmt: skip
@click.option("--plot", type=Picture(path_type=Path, dir_okay=False, writable=True), metavar="FILE.png",
              help="Draw what is found against false triggers, for all stations and each; or .pdf, .svg.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N",
              help="Share combinations among so many processes; what is found is the same.")  # fmt: skip
@format_option
def tune(
    data: Path,
    catalogue: Path,
    config: Path | None,
    start: int | None,
    end: int | None,
    bands: tuple[Bands, ...] | None,
    on_ratios: tuple[float, ...],
    sta: tuple[float, ...] | None,
    lta: tuple[float, ...] | None,
    false_per_hour: float,
    max_distance_km: float,
    min_magnitude: float | None,
    tolerance_s: float,
    fragment: Path | None,
    plot: Path | None,
    workers: int,
    layout: str,
) -> None:
    """Find the bands and thresholds that detect a catalogue's events best.

    CONFIG.toml means its archive; DIR is any folder of miniSEED, an SDS archive too, as `houfeng replay` reads it.
    Every combination goes over the records with the detector that runs live. A P onset that the catalogue lets expect
    is hit or missed; further phases of known events, and events that today's settings find and the catalogue lacks,
    count neither way; every other trigger is false.
    """
    settings, folder = _where(data, config)
    events = _events(catalogue)
    today = settings.detection
    grid = Grid(bands or (today.bands, *preset_bands()), on_ratios, sta or (today.sta_s,), lta or (today.lta_s,))
    tried, refused = combinations(today, grid)
    for line in refused:
        click.echo(f"left out: {line}", err=True)
    reach = Reach(max_distance_km, min_magnitude, tolerance_s)
    found = _swept(settings, folder, tried, events, reach, (start, end), workers)
    report = Report(found, false_per_hour)
    print_rows("combinations", report.rows(), COLUMNS, layout)
    for line in report.remarks():
        click.echo(line, err=layout != "table")
    if plot is not None:
        from houfeng.cli.tune_plot import draw  # takes a second to import

        draw(found, false_per_hour, plot)
    if fragment is not None:
        _write(fragment, report.fragment(f"{folder} and {catalogue}"))


def _write(path: Path, text: str) -> None:
    if not text:
        raise CatalogueError(f"{path}: not written: nothing can be said of what is best")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    click.echo(f'{path} written; a configuration takes it with include = ["{path.name}"]', err=True)


def _where(data: Path, config: Path | None) -> tuple[Settings, Path]:
    if data.is_dir():
        return settings_of(config), data
    if config is not None:
        raise ConfigError(f"--config: a folder of records is needed with it, {data} came")
    settings = settings_of(data)
    return settings, Path(settings.archive.path)


def _events(path: Path) -> tuple[KnownEvent, ...]:
    try:
        return parse_catalogue(path.read_bytes(), str(path))
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be read: {error.strerror}") from error


def _swept(
    settings: Settings,
    folder: Path,
    tried: Sequence[DetectionSettings],
    events: Sequence[KnownEvent],
    reach: Reach,
    window: tuple[int | None, int | None],
    n_workers: int,
) -> Found:
    sites = load_network(settings, find_station_files(folder)).inventory.sites
    trial = Trial(tuple(tried), tuple(find_files(folder)), *window)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{len(tried)} combinations", total=1.0)
        heard = swept(trial, n_workers, lambda share: progress.advance(task, share))
    return judge(heard, sites, events, reach, settings.association, settings.location)
