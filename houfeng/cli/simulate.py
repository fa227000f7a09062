"""`houfeng simulate`: records of earthquakes that are known to the last one."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import click

from configs import Settings
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import share_progress
from houfeng.codes import SYNTHETIC_NETWORK
from houfeng.errors import ConfigError
from houfeng.network import load_network
from houfeng.synthetic.settings import MARKER, SimulationSettings
from houfeng.synthetic.truth import Shock
from houfeng.times import format_ns
from stations.distance import great_circle_km
from stations.inventory import Site
from stations.reading import parse_inventory

_COLUMNS = ("network", "station", "latitude", "longitude", "elevation_m")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@config_option
@click.option(
    "--stations",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help=f"Real places: StationXML, or CSV with {', '.join(_COLUMNS)}.  [default: the configured stations]",
)
@click.option("--centre", type=(float, float), metavar="LAT LON", help="Take the stations nearest to this place.")
@click.option("--n-stations", type=click.IntRange(min=3), default=8, show_default=True, help="At most so many.")
@click.option(
    "--start",
    "start_ns",
    type=Time(),
    default="2026-01-01",
    show_default=True,
    metavar="TIME",
    help="First sample, UTC.",
)
@click.option("--hours", type=float, default=1.0, show_default=True, help="How long, at most 24.")
@click.option("--events", "n_events", type=int, default=10, show_default=True, help="Earthquakes.")
@click.option(
    "--magnitudes", type=(float, float), default=(1.5, 4.5), show_default=True, help="Smallest and largest ML."
)
@click.option("--noise", type=float, default=0.4, show_default=True, help="0: Peterson's low noise model, 1: high.")
@click.option(
    "--bursts", "bursts_per_hour", type=float, default=4.0, show_default=True, help="Bursts per hour, station."
)
@click.option("--gaps", "gaps_per_hour", type=float, default=0.5, show_default=True, help="Gaps per hour and station.")
@click.option("--rate", "rate_hz", type=float, default=50.0, show_default=True, help="Samples per second, 20 to 200.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
def simulate(
    folder: Path,
    config: Path | None,
    file: Path | None,
    centre: tuple[float, float] | None,
    n_stations: int,
    magnitudes: tuple[float, float],
    **order: Any,
) -> None:
    """Write records of a synthetic network into DIR, which must be new or empty.

    Noise between Peterson's models, earthquakes whose P and S come at the times of ak135 and fall off as ML has it,
    bursts that are none, and gaps: miniSEED day files (SDS), StationXML, and the truth as QuakeML and CSV. The network
    code is SY, FDSN's for synthetic seismograms; whatever is made from it is marked as synthetic.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder}: a new or an empty folder is needed, this one has files in it")
    settings = SimulationSettings(smallest=magnitudes[0], largest=magnitudes[1], **order)
    sites = chosen(_sites(file, settings_of(config)), centre, n_stations)
    # late: SciPy and ObsPy take a second that a wrong option need not wait for
    from houfeng.synthetic.writing import simulate as write

    with share_progress("Simulating") as progress:
        found = write(settings, sites, folder, progress)
    _print(folder, settings, sites, found)


def _print(folder: Path, settings: SimulationSettings, sites: list[Site], found: list[Shock]) -> None:
    click.echo(
        f"{folder}: SYNTHETIC, {len(sites)} stations ({', '.join(_code(site) for site in sites)}), {settings.hours:g} h"
    )
    click.echo(
        f"  {len(found)} earthquakes in truth.csv and truth.quakeml; network code {SYNTHETIC_NETWORK}, see {MARKER}"
    )
    for each in found:
        place = f"{each.latitude_deg:.3f} {each.longitude_deg:.3f}, {each.depth_km:.0f} km deep"
        click.echo(f"  {format_ns(each.time_ns, digits=2)}  ML {each.magnitude:.1f}, {place}")
    click.echo(f"Now: houfeng replay {folder}    or: houfeng demo --data {folder}")


def _sites(file: Path | None, settings: Settings) -> list[Site]:
    """Stations of a file, else those of the configuration."""
    if file is None:
        found = load_network(settings).inventory.sites.values()
        if not found:
            raise ConfigError(
                "stations with places are needed: --stations FILE, or [inventory] files in the configuration"
            )
        return list(found)
    if file.suffix.lower() != ".csv":
        return list(parse_inventory(file.read_bytes(), str(file)).sites.values())
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    missing = [name for name in _COLUMNS if rows and name not in rows[0]]
    if missing or not rows:
        said = f"{', '.join(missing)} missing" if missing else "there is none"
        raise ConfigError(f"{file}: rows with {', '.join(_COLUMNS)} are needed, {said}")
    return [_site(row, f"{file}: line {number}") for number, row in enumerate(rows, start=2)]


def _site(row: dict[str, str], where: str) -> Site:
    try:
        numbers = [float(row[name]) for name in _COLUMNS[2:]]
    except ValueError as error:
        raise ConfigError(f"{where}: {', '.join(_COLUMNS[2:])} must be numbers: {error}") from None
    return Site(f"{row['network']}.{row['station']}", numbers[0], numbers[1], numbers[2])


def chosen(sites: list[Site], centre: tuple[float, float] | None, n_stations: int) -> list[Site]:
    """The stations nearest to a place, each code once.

    Without a place, around the station that has as many others nearest to it.

    Raises
    ------
    ConfigError : if there are fewer than three
    """
    by_code: dict[str, Site] = {}
    for site in sorted(sites, key=lambda each: each.station_id):
        by_code.setdefault(_code(site), site)
    unique = list(by_code.values())
    if len(unique) < 3:
        raise ConfigError(f"3 stations with codes of their own are needed, {len(unique)} came")

    def nearest(place: tuple[float, float]) -> list[tuple[float, str, Site]]:
        return sorted(
            (great_circle_km(place, (site.latitude_deg, site.longitude_deg)), site.station_id, site) for site in unique
        )[:n_stations]

    if centre is None:
        around = min(
            (nearest((site.latitude_deg, site.longitude_deg)) for site in unique), key=lambda found: found[-1][:2]
        )
    else:
        around = nearest(centre)
    return sorted((site for _, _, site in around), key=lambda site: site.station_id)


def _code(site: Site) -> str:
    return site.station_id.partition(".")[2]
