"""Ground motion of an event at its stations: archived records, corrected and assessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from database.records import EventDetail
from engineering.assessment import Assessment, assess
from engineering.chain import Raw, correct
from engineering.ending import check_ending
from engineering.motion import Motion
from engineering.spectra import Oscillators
from houfeng.errors import InventoryError, MotionError
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S
from houfeng.types import SourceId
from houfeng.waveforms import RecordedWaveforms
from stations.inventory import Inventory
from stations.responsexml import Responses

# What a station is asked for first: an accelerometer, then a seismometer of high or broad band.
_INSTRUMENTS = "NH"
_UPRIGHT_DEG = 45.0


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a record is assessed.

    Parameters
    ----------
    before_s, after_s : the onset of P; where records are shorter, what there is
    """

    before_s: float = 30.0
    after_s: float = 180.0


def assess_event(
    detail: EventDetail, waveforms: RecordedWaveforms, inventory: Inventory, window: Window, oscillators: Oscillators
) -> tuple[list[Assessment], list[str]]:
    """Records of the stations of an event, nearest first as its picks are, and why others are none.

    Returns
    -------
    assessments, refused : the second a line for each station or instrument

    Raises
    ------
    HoufengError : if what is kept cannot be read
    """
    assessor = Assessor(waveforms, inventory, window, oscillators)
    found: list[Assessment] = []
    refused: list[str] = []
    for station, onset_ns in _onsets(detail).items():
        assessed, reasons = assessor.station(station, onset_ns)
        if assessed is not None:
            found.append(assessed)
        else:
            refused += reasons
    return found, refused


class Assessor:
    """Assesses records of stations.

    Parameters
    ----------
    waveforms, inventory : where records and responses are
    window, oscillators : of every record
    """

    def __init__(
        self, waveforms: RecordedWaveforms, inventory: Inventory, window: Window, oscillators: Oscillators
    ) -> None:
        self._waveforms = waveforms
        self._inventory = inventory
        self._responses = Responses(inventory)
        self._window = window
        self._oscillators = oscillators

    def station(self, station: str, onset_ns: int) -> tuple[Assessment | None, list[str]]:
        """The record of the first instrument that has a good one, and why those before it have none.

        Parameters
        ----------
        station : as `CI.CCC`
        onset_ns : of P, ns UTC: noise is before it

        Raises
        ------
        HoufengError : if what is kept cannot be read
        """
        reasons: list[str] = []
        for kind in _kinds(self._inventory, station, onset_ns):
            try:
                axes = _axes(kind, onset_ns, self._waveforms, self._inventory, self._responses, self._window)
                motion = Motion(tuple(correct(axes)))
                remark = check_ending(motion)
                found = assess(motion, self._oscillators)
                return (replace(found, remarks=(*found.remarks, remark)) if remark else found), reasons
            except (InventoryError, MotionError) as error:
                reasons.append(str(error))
        return None, reasons or [f"{station}: no accelerometer or seismometer in the metadata"]


def _onsets(detail: EventDetail) -> dict[str, int]:
    """The first P of each station, ns UTC."""
    found: dict[str, int] = {}
    for arrival in detail.arrivals:
        if arrival.pick.phase == "P":
            found.setdefault(arrival.pick.source_id.station_id, arrival.pick.onset_ns)
    return found


def _kinds(inventory: Inventory, station: str, t_ns: int) -> Iterator[list[SourceId]]:
    """Channels of each instrument that feels the ground, the one that clips last first."""
    kinds: dict[tuple[str, str], list[SourceId]] = {}
    for epoch in inventory.epochs:
        source_id = epoch.source_id
        if source_id.station_id == station and source_id.channel[1] in _INSTRUMENTS and epoch.covers(t_ns):
            kinds.setdefault((source_id.location, source_id.channel[:2]), []).append(source_id)
    yield from sorted(kinds.values(), key=lambda kind: (_INSTRUMENTS.index(kind[0].channel[1]), kind[0]))


def _axes(
    kind: list[SourceId],
    onset_ns: int,
    waveforms: RecordedWaveforms,
    inventory: Inventory,
    responses: Responses,
    window: Window,
) -> list[Raw]:
    """The axes of an instrument over one span of time without a gap."""
    begin_ns, end_ns = onset_ns - round(window.before_s * NS_PER_S), onset_ns + round(window.after_s * NS_PER_S)
    recorded = waveforms.read(kind, begin_ns, end_ns)
    held = {source_id: _around(stretches, onset_ns) for source_id, stretches in recorded.items()}
    pieces = {source_id: stretch for source_id, stretch in held.items() if stretch is not None}
    if len(pieces) < len(kind):
        missing = ", ".join(str(source_id) for source_id in kind if source_id not in pieces)
        raise MotionError(f"{missing}: no records around the onset")
    rates = {stretch.rate_hz for stretch in pieces.values()}
    if len(rates) > 1:
        raise MotionError(f"{kind[0]}: its axes have rates of {sorted(rates)} Hz, one is needed")
    start_ns = max(begin_ns, *(stretch.start_ns for stretch in pieces.values()))
    n = min(len(stretch.samples) - stretch.index(start_ns) for stretch in pieces.values())
    cut = {
        source_id: Stretch(start_ns, stretch.rate_hz, stretch.samples[(at := stretch.index(start_ns)) : at + n])
        for source_id, stretch in sorted(pieces.items())
    }
    return [_raw(source_id, stretch, onset_ns, inventory, responses) for source_id, stretch in cut.items()]


def _around(stretches: tuple[Stretch, ...], t_ns: int) -> Stretch | None:
    return next((stretch for stretch in stretches if stretch.start_ns <= t_ns < stretch.end_ns), None)


def _raw(source_id: SourceId, stretch: Stretch, onset_ns: int, inventory: Inventory, responses: Responses) -> Raw:
    epoch = inventory.epoch_at(source_id, onset_ns)
    if epoch is None or epoch.dip_deg is None:
        raise MotionError(f"{source_id}: no dip in the metadata: it is not known whether it is upright")
    upright = abs(epoch.dip_deg) > _UPRIGHT_DEG
    if not upright and epoch.azimuth_deg is None:
        raise MotionError(f"{source_id}: no azimuth in the metadata")
    return Raw(
        station=source_id.station_id,
        name=source_id.channel,
        azimuth_deg=None if upright else epoch.azimuth_deg,
        counts=stretch.samples,
        rate_hz=stretch.rate_hz,
        onset=stretch.index(onset_ns),
        response=responses.at(source_id, onset_ns),
    )
