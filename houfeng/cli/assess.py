"""`houfeng assess`: what recorded ground motion does to structures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import numpy as np

from acquisition.replay import find_files
from acquisition.waveform_files import ReplayWindows
from engineering.assessment import Assessment, assess
from engineering.formats import read
from engineering.formats.lines import File
from engineering.motion import Component, Motion
from engineering.oscillator import Between
from engineering.spectra import Oscillators
from houfeng.assessing import Window, assess_event
from houfeng.cli.assess_project import project
from houfeng.cli.events import event_of
from houfeng.cli.listing import run_option
from houfeng.cli.options import config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.errors import MotionError
from houfeng.motion_shapes import component_rows, record_shape, spectrum_rows
from houfeng.network import load_network
from houfeng.station_files import find_station_files
from houfeng.waveforms import RecordedWaveforms

_COMPONENTS = (
    *("station", "component", "pga_cm_s2", "pgv_cm_s", "pgd_cm", "arias_m_s", "cav_g_s", "d5_95_s", "housner_cm_s"),
)
_PUBLISHED = ("pga_cm_s2_off_percent", "pgv_cm_s_off_percent", "pgd_cm_off_percent")
_SPECTRA = ("station", "component", "period_s", "psa_g")


def _spectrum_options(command: Callable[..., None]) -> Callable[..., None]:
    """What is asked of spectra, the same for each source of records."""
    for option in (
        click.option("--linear", is_flag=True, help="Take straight lines between samples, as most agencies do."),
        click.option("--period", "periods_s", type=float, multiple=True, metavar="S", help="Of spectra; repeat it."),
        click.option("--damping", type=click.FloatRange(0, 0.99), default=0.05, show_default=True, metavar="SHARE",
                     help="Of critical."),
        click.option("--spectra", is_flag=True, help="Print response spectra instead: PSA in g, RotD50 and RotD100."),
    ):  # fmt: skip
        command = option(command)
    return command


def _oscillators(damping: float, periods_s: Sequence[float], linear: bool) -> Oscillators:
    asked = {"periods_s": np.array(periods_s)} if periods_s else {}
    return Oscillators(damping=damping, between=Between.LINEAR if linear else Between.BAND_LIMITED, **asked)


@click.group("assess")
def assess_group() -> None:
    """Assess what ground motion does: measures, spectra, intensities."""


assess_group.add_command(project)


@assess_group.command("event", short_help="Of an event's stations, from archived records.")
@click.argument("event_id", metavar="ID")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR|ARCHIVE")
@config_option
@run_option
@format_option
@_spectrum_options
@click.option("--before", default=30.0, show_default=True, metavar="S", help="Seconds before the onset of P.")
@click.option("--after", default=180.0, show_default=True, metavar="S", help="Seconds behind it.")
def event(
    event_id: str,
    folder: Path,
    config: Path | None,
    run_id: str | None,
    layout: str,
    spectra: bool,
    damping: float,
    periods_s: Sequence[float],
    linear: bool,
    before: float,
    after: float,
) -> None:
    """Peaks, energy, durations, spectra and intensities at the stations of an event, records corrected here.

    ID as `houfeng events list` has it, of a replay with --run. DIR is any folder of miniSEED, an SDS archive too, with
    StationXML in it or in the configuration. Clipped, short and noisy records are refused, each with the reason.
    """
    settings = settings_of(config)
    detail = event_of(config, event_id, run_id)
    waveforms = RecordedWaveforms(ReplayWindows(find_files(folder)))
    inventory = load_network(settings, find_station_files(folder)).inventory
    oscillators = _oscillators(damping, periods_s, linear)
    found, refused = assess_event(detail, waveforms, inventory, Window(before, after), oscillators)
    for reason in refused:
        click.echo(f"refused: {reason}", err=True)
    _print(found, layout, spectra, refused)


@assess_group.command("records", short_help="Of strong-motion records as agencies publish them.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE...")
@format_option
@_spectrum_options
def records(
    files: Sequence[Path], layout: str, spectra: bool, damping: float, periods_s: Sequence[float], linear: bool
) -> None:
    """Peaks, energy, durations, spectra and intensities of corrected records.

    FILEs are of ESM and ITACA (ASCII), CSMIP (volume 2) or GeoNet (V2A); files of one axis are put together by station.
    What the agency says of its record stands beside what is found, with the difference in percent. A file that cannot
    be used is named with the reason, and the command ends with status 1.
    """
    components, faults = _read(files)
    oscillators = _oscillators(damping, periods_s, linear)
    found = [assess(motion, oscillators) for motion in _motions(components, faults)]
    for fault in faults:
        click.echo(f"houfeng: {fault}", err=True)
    _print(found, layout, spectra, faults)
    if faults:
        raise SystemExit(1)


def _read(files: Sequence[Path]) -> tuple[list[Component], list[str]]:
    components, faults = [], []
    for path in files:
        try:
            components += read(File.of(path.name, path.read_bytes()))
        except OSError as error:
            faults.append(f"{path}: cannot be read: {error.strerror}")
        except MotionError as error:
            faults.append(str(error))
    return components, faults


def _motions(components: Sequence[Component], faults: list[str]) -> Iterator[Motion]:
    """Components by station; those that do not fit together are a fault, and the others go on."""
    for station in dict.fromkeys(component.station for component in components):
        mine = [component for component in components if component.station == station]
        names = [component.name for component in mine]
        twice = sorted({name for name in names if names.count(name) > 1})
        try:
            if twice:
                raise MotionError(f"{station}: {', '.join(twice)} came twice; assess one record of a station at a time")
            yield Motion(tuple(mine))
        except MotionError as error:
            faults.append(str(error))


def _print(found: Sequence[Assessment], layout: str, spectra: bool, refused: Sequence[str]) -> None:
    if layout == "json":
        shape = {"records": [record_shape(one) for one in found], "refused": list(refused)}
        click.echo(json.dumps(shape, ensure_ascii=False, indent=2))
        return
    rows = [row for one in found for row in (spectrum_rows(one) if spectra else component_rows(one))]
    beside = [name for name in _PUBLISHED if any(row.get(name) is not None for row in rows)]
    print_rows("records", rows, _SPECTRA if spectra else (*_COMPONENTS, *beside), layout)
    if layout == "table":
        for one in found:
            _print_summary(one)


def _print_summary(one: Assessment) -> None:
    shape = record_shape(one)
    said = [f"JMA {shape['jma']:.1f}" if one.jma is not None else "", f"China {one.china:.1f}" if one.china else ""]
    if any(said):
        click.echo(f"{one.motion.station}: intensity {', '.join(part for part in said if part)}")
    for remark in one.remarks:
        click.echo(f"{one.motion.station}: {remark}")
