"""The magnitudes of an event, from its origin, its stations' records and their responses.

How it is joined to the rest: `windows(event)` says what has to be recorded of each station before the event's
magnitudes can be told; `measure(event, waveforms)` tells them. Both are pure: the same event, samples and responses
give the same magnitudes to the last bit. Each kind has a window of its own (`detection.magnitude.station.window`):

Of ML and Md, only what lies before the onset of a larger event is looked at; of ML, nothing behind where the amplitude
has come down to what it was before the event.

- ML, horizontal channels: from 25.5 s before P to `ml_after_s` behind the waves of `ml_slowest_km_s`, and 5 s more
- mb, vertical, 20-100 degrees: from 25.5 s before P to `mb_window_s` behind it, and 5 s more
- Mwp, vertical, 5-100 degrees: from 160.5 s before P to `mwp_window_s` behind it, or to S if that comes first
- Md, vertical: from 25.5 s before P to `md_longest_s` behind it, and 5 s more; less will do where the coda ends
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import fsum, log10
from typing import Protocol

from detection.magnitude import body, duration, local, moment
from detection.magnitude.channels import groups
from detection.magnitude.followers import before_follower, own_waves_s
from detection.magnitude.network import network_magnitudes
from detection.magnitude.records import Record, cut
from detection.magnitude.settings import MEASURED, MagnitudeSettings
from detection.magnitude.station import Sight, sights, window
from houfeng.errors import AmplitudeError, InventoryError
from houfeng.stretch import Stretch
from houfeng.types import Event, SourceId, StationMagnitude
from stations.response import Response

Waveforms = Mapping[SourceId, Sequence[Stretch]]

MWP_NEAREST_DEG, MWP_FARTHEST_DEG = 5.0, 100.0
# Further than this times `ml_farthest_km` ML is not even shown.
ML_SHOWN = 1.5
UNITS = {"ML": "nm", "mb": "nm", "Mwp": "m*s", "Md": "s"}


class Instruments(Protocol):
    """Where responses come from: `stations.responsexml.Responses`."""

    def at(self, source_id: SourceId, t_ns: int) -> Response:
        """The response of a channel at a time, ns UTC; raises InventoryError with the reason why there is none."""
        ...


class Reading:
    """What was read on the channels of one instrument, before the station's correction."""

    __slots__ = ("amplitude", "channels", "period_s", "snr", "value")

    def __init__(
        self, channels: str, value: float, amplitude: float, snr: float | None, period_s: float | None = None
    ) -> None:
        self.channels, self.value, self.amplitude = channels, value, amplitude
        self.snr, self.period_s = snr, period_s


class Magnitudes:
    """Measures the magnitudes of events.

    Parameters
    ----------
    settings : which kinds, and how
    instruments : responses of channels
    """

    def __init__(self, settings: MagnitudeSettings, instruments: Instruments) -> None:
        self._settings = settings
        self._instruments = instruments

    def windows(self, event: Event) -> dict[str, tuple[int, int]]:
        """From when (inclusive) to when (exclusive) each station's samples are wanted, ns UTC, by station id.

        Empty without an origin. Of a station, `channels.wanted_patterns` names the channels.
        """
        wanted: dict[str, tuple[int, int]] = {}
        for sight in sights(event, event.origin) if event.origin else ():
            spans = [window(sight, kind, self._settings).read_ns for kind in self._kinds(sight)]
            if spans:
                wanted[sight.station_id] = min(start for start, _ in spans), max(end for _, end in spans)
        return wanted

    def measure(self, event: Event, waveforms: Waveforms) -> Event:
        """The event with its stations' magnitudes and the network's; as it is without an origin.

        Parameters
        ----------
        event : located
        waveforms : by channel, earliest first; of other channels and times too, they change nothing
        """
        if event.origin is None:
            return event
        stations = tuple(
            self._station(sight, kind, waveforms)
            for sight in sights(event, event.origin)
            for kind in self._kinds(sight)
        )
        networks = network_magnitudes(stations, self._settings, error_km=event.origin.semi_major_km)
        return replace(event, magnitudes=networks, station_magnitudes=stations)

    def _kinds(self, sight: Sight) -> list[str]:
        """What can be told at a station's distance."""
        settings = self._settings
        reach = {
            "ML": sight.hypocentral_km <= ML_SHOWN * settings.ml_farthest_km,
            "mb": body.NEAREST_DEG <= sight.epicentral_deg <= body.FARTHEST_DEG,
            "Mwp": MWP_NEAREST_DEG <= sight.epicentral_deg <= MWP_FARTHEST_DEG,
            "Md": sight.epicentral_km <= settings.md_farthest_km,
        }
        return [kind for kind in MEASURED if kind in settings.kinds and reach[kind]]

    def _station(self, sight: Sight, kind: str, waveforms: Waveforms) -> StationMagnitude:
        settings = self._settings
        correction = settings.correction(sight.station_id, kind)
        told = StationMagnitude(
            station_id=sight.station_id,
            kind=kind,
            channels="",
            value=None,
            correction=correction,
            amplitude=None,
            amplitude_unit=UNITS[kind],
            period_s=None,
            distance_km=sight.epicentral_km if kind in ("mb", "Mwp") else sight.hypocentral_km,
            snr=None,
            is_used=False,
        )
        found, reason, channels = self._read(sight, kind, waveforms)
        if found is None:
            return replace(told, channels=channels, reason=reason)
        reason = reason or _doubt(sight, kind, found.snr, settings)
        return replace(
            told,
            channels=found.channels,
            value=found.value + correction,
            amplitude=found.amplitude,
            period_s=found.period_s,
            snr=found.snr,
            is_used=not reason,
            reason=reason,
        )

    def _read(self, sight: Sight, kind: str, waveforms: Waveforms) -> tuple[Reading | None, str, str]:
        """The reading of the first instrument that gives one; else the first one's reason why not, and its channels."""
        reason, channels = "", ""
        for group in groups(sight, waveforms, kind):
            try:
                return self._read_group(sight, kind, group, waveforms), "", ""
            except (AmplitudeError, InventoryError) as error:
                channels = channels or _codes(group)
                reason = reason or str(error)
        needed = "horizontal channel" if kind == "ML" else "vertical channel"
        return None, reason or f"no record of a {needed}", channels

    def _read_group(self, sight: Sight, kind: str, group: tuple[SourceId, ...], waveforms: Waveforms) -> Reading:
        settings = self._settings
        if kind == "ML":
            return self._local(sight, group, waveforms)
        (source_id,) = group[:1]
        record = self._cut(sight, kind, source_id, waveforms)
        code = source_id.channel
        if kind == "Md":
            (record,) = before_follower([record], sight.lg_after_p_s)
            length_s, snr = duration.coda(record, settings)
            return Reading(code, duration.magnitude(length_s, sight.epicentral_km, settings), length_s, snr)
        response = self._instruments.at(source_id, sight.p_ns)
        if kind == "mb":
            height, period_s, snr = body.amplitude(record, response)
            value = body.magnitude(height, period_s, sight.epicentral_deg, sight.depth_km)
            return Reading(code, value, height, snr, period_s)
        moment.check_long_periods(response)
        height, snr = moment.amplitude(record, response)
        return Reading(code, moment.magnitude(height, sight.epicentral_km, settings), height, snr)

    def _local(self, sight: Sight, group: tuple[SourceId, ...], waveforms: Waveforms) -> Reading:
        """Mean of the horizontal components that stand out of the noise; of both, where neither does."""
        responses = [self._instruments.at(source_id, sight.p_ns) for source_id in group]
        records = [self._cut(sight, "ML", source_id, waveforms) for source_id in group]
        records = before_follower(records, sight.lg_after_p_s)
        own_s = own_waves_s(sight, self._settings)
        read = [
            (source_id, *local.amplitude(record, response, self._settings, own_s))
            for source_id, record, response in zip(group, records, responses, strict=True)
        ]
        clear = [each for each in read if each[2] >= self._settings.min_snr] or read
        logs = [log10(max(height, 1e-12)) for _, height, _ in clear]
        height = 10 ** (fsum(logs) / len(logs))
        value = local.magnitude(height, max(sight.hypocentral_km, 0.1), self._settings)
        snr = min(ratio for _, _, ratio in clear)
        return Reading(_codes([source_id for source_id, _, _ in clear]), value, height, snr)

    def _cut(self, sight: Sight, kind: str, source_id: SourceId, waveforms: Waveforms) -> Record:
        return cut(waveforms[source_id], window(sight, kind, self._settings), kind)


def _codes(group: Sequence[SourceId]) -> str:
    return " ".join(source_id.channel for source_id in group)


def _doubt(sight: Sight, kind: str, snr: float | None, settings: MagnitudeSettings) -> str:
    """Why a value that was measured is shown and not used; empty where it is used."""
    if kind == "ML" and not settings.ml_nearest_km <= sight.hypocentral_km <= settings.ml_farthest_km:
        limits = f"{settings.ml_nearest_km:g} to {settings.ml_farthest_km:g} km"
        return f"hypocentral distance {sight.hypocentral_km:.1f} km, {limits} needed"
    if kind != "Md" and snr is not None and snr < settings.min_snr:
        return f"signal {snr:.1f} times the noise, {settings.min_snr:g} needed"
    return ""
