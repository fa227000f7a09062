"""A simulation on disk: an SDS archive, StationXML, the truth, and a marker that says what it is."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from obspy import Stream, Trace, UTCDateTime
from obspy.core.event import Catalog, Comment, Event, Magnitude, Origin, ResourceIdentifier
from obspy.core.inventory import Channel, Inventory, Network, Response, Station
from obspy.core.inventory import Site as Place
from obspy.core.inventory.response import (
    CoefficientsTypeResponseStage,
    InstrumentSensitivity,
    PolesZerosResponseStage,
)

from houfeng import __version__
from houfeng.codes import SYNTHETIC_NETWORK
from houfeng.quakeml import SYNTHETIC, document
from houfeng.synthetic.ground import COMPONENTS, COUNTS_PER_M_S, POLES, VOLTS_PER_M_S, ZEROS, Motion, motion, shape
from houfeng.synthetic.settings import MARKER, SimulationSettings
from houfeng.synthetic.truth import Shock, shocks
from houfeng.times import NS_PER_S, format_ns, seconds_ns
from stations.inventory import SIMULATED, Site

_DAY_NS = 86400 * NS_PER_S
_NORMAL_HZ = 1.0
_AZIMUTH_DIP = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}


def simulate(
    settings: SimulationSettings,
    sites: Sequence[Site],
    folder: Path,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Shock]:
    """Write a simulation into a new folder.

    Parameters
    ----------
    sites : stations by their real coordinates and codes; their network becomes SY
    progress : told the share of the stations that are written

    Returns
    -------
    shocks : the earthquakes, earliest first
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(f"{SYNTHETIC}\n{_said(settings)}\n", encoding="utf-8")
    found = shocks(settings, list(sites))
    _write_truth(found, folder)
    metadata(settings, sites).write(str(folder / "stations.xml"), format="STATIONXML")
    for number, site in enumerate(sites):
        _write_records(settings, site, motion(settings, site, number, found), folder)
        progress((number + 1) / len(sites))
    return found


def _said(settings: SimulationSettings) -> str:
    return f"houfeng simulate {__version__}, seed {settings.seed}, from {format_ns(settings.start_ns)}"


def _code(site: Site) -> str:
    return site.station_id.partition(".")[2]


def band_code(rate_hz: float) -> str:
    """Band and instrument code of a broadband channel."""
    return "HH" if rate_hz >= 80 else "BH"


def _write_records(settings: SimulationSettings, site: Site, moved: Motion, folder: Path) -> None:
    """Day files of an SDS archive; a gap begins a new record."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], moved.kept, [False])).astype(np.int8)))
    runs = [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    for k, component in enumerate(COMPONENTS):
        days: dict[str, Stream] = {}
        for first, last in runs:
            for begin, end in _by_day(settings, first, last):
                at_ns = settings.start_ns + seconds_ns(begin / settings.rate_hz)
                header = {
                    "network": SYNTHETIC_NETWORK,
                    "station": _code(site),
                    "channel": band_code(settings.rate_hz) + component,
                    "sampling_rate": settings.rate_hz,
                    "starttime": UTCDateTime(ns=at_ns),
                }
                trace = Trace(moved.counts[k, begin:end].copy(), header)
                days.setdefault(trace.stats.starttime.strftime("%Y.%j"), Stream()).append(trace)
        for day, stream in days.items():
            stats = stream[0].stats
            path = folder / day[:4] / SYNTHETIC_NETWORK / stats.station / f"{stats.channel}.D"
            path.mkdir(parents=True, exist_ok=True)
            stream.write(str(path / f"{stream[0].id}.D.{day}"), format="MSEED", encoding="STEIM2", reclen=512)


def _by_day(settings: SimulationSettings, first: int, last: int) -> list[tuple[int, int]]:
    """Runs of samples, cut at midnight."""
    n_before = -(-(_DAY_NS - settings.start_ns % _DAY_NS) * settings.rate_hz // NS_PER_S)
    midnight = min(max(int(n_before), first), last)
    return [(begin, end) for begin, end in ((first, midnight), (midnight, last)) if end > begin]


def metadata(settings: SimulationSettings, sites: Sequence[Site]) -> Inventory:
    """Places and responses of the simulated stations, in force from the day of the first sample."""
    start = UTCDateTime(ns=settings.start_ns - settings.start_ns % _DAY_NS)
    stations = [
        Station(
            code=_code(site),
            latitude=site.latitude_deg,
            longitude=site.longitude_deg,
            elevation=site.elevation_m,
            site=Place(name=f"{SIMULATED}{site.name or _code(site)}"),
            start_date=start,
            creation_date=start,
            channels=_channels(settings, site, start),
        )
        for site in sites
    ]
    said = f"{SYNTHETIC} {_said(settings)}"
    network = Network(code=SYNTHETIC_NETWORK, stations=stations, description=said, start_date=start)
    return Inventory([network], source="houfeng simulate", sender="SYNTHETIC", created=start)


def _channels(settings: SimulationSettings, site: Site, start: UTCDateTime) -> list[Channel]:
    response = _response(settings.rate_hz)
    place = {"latitude": site.latitude_deg, "longitude": site.longitude_deg, "elevation": site.elevation_m}
    return [
        Channel(
            code=band_code(settings.rate_hz) + component,
            location_code="",
            **place,
            depth=0.0,
            azimuth=azimuth,
            dip=dip,
            sample_rate=settings.rate_hz,
            start_date=start,
            response=response,
        )
        for component, (azimuth, dip) in _AZIMUTH_DIP.items()
    ]


def _response(rate_hz: float) -> Response:
    """The seismometer and its digitiser: what `ground.response` is in figures."""
    seismometer = PolesZerosResponseStage(
        stage_sequence_number=1,
        stage_gain=VOLTS_PER_M_S,
        stage_gain_frequency=_NORMAL_HZ,
        input_units="M/S",
        output_units="V",
        pz_transfer_function_type="LAPLACE (RADIANS/SECOND)",
        normalization_frequency=_NORMAL_HZ,
        normalization_factor=1 / abs(shape(np.array([_NORMAL_HZ]))[0]),
        zeros=list(ZEROS),
        poles=list(POLES),
    )
    digitizer = CoefficientsTypeResponseStage(
        stage_sequence_number=2,
        stage_gain=COUNTS_PER_M_S / VOLTS_PER_M_S,
        stage_gain_frequency=_NORMAL_HZ,
        input_units="V",
        output_units="COUNTS",
        cf_transfer_function_type="DIGITAL",
        numerator=[1.0],
        denominator=[],
        decimation_input_sample_rate=rate_hz,
        decimation_factor=1,
        decimation_offset=0,
        decimation_delay=0.0,
        decimation_correction=0.0,
    )
    whole = InstrumentSensitivity(value=COUNTS_PER_M_S, frequency=_NORMAL_HZ, input_units="M/S", output_units="COUNTS")
    return Response(instrument_sensitivity=whole, response_stages=[seismometer, digitizer])


def _write_truth(found: Sequence[Shock], folder: Path) -> None:
    # not .xml: those beside records are read as StationXML
    catalogue = Catalog(
        [_event(each, k) for k, each in enumerate(found)],
        resource_id=ResourceIdentifier("smi:local.houfeng/synthetic/catalogue"),
    )
    (folder / "truth.quakeml").write_bytes(document(catalogue))
    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "latitude", "longitude", "depth", "mag", "magType", "type"])
        for each in found:
            place = (each.latitude_deg, each.longitude_deg, each.depth_km)
            writer.writerow([format_ns(each.time_ns), *place, each.magnitude, "ML", "synthetic"])


def _event(shock: Shock, number: int) -> Event:
    name = f"smi:local.houfeng/synthetic/{number + 1:04d}"
    origin = Origin(
        resource_id=ResourceIdentifier(f"{name}/origin"),
        time=UTCDateTime(ns=shock.time_ns),
        latitude=shock.latitude_deg,
        longitude=shock.longitude_deg,
        depth=1000 * shock.depth_km,
    )
    size = Magnitude(
        resource_id=ResourceIdentifier(f"{name}/magnitude"),
        mag=shock.magnitude,
        magnitude_type="ML",
        origin_id=origin.resource_id,
    )
    return Event(
        resource_id=ResourceIdentifier(name),
        origins=[origin],
        magnitudes=[size],
        comments=[Comment(text=SYNTHETIC, force_resource_id=False)],
    )
