"""One event looked at: S onsets are read, it is located with them, and its magnitudes are measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from detection.inspection.s_onsets import read_s
from detection.inspection.sensors import sensor_channels
from detection.inspection.settings import InspectionSettings
from detection.inspection.waveforms import Waveforms
from detection.inspection.windows import Window, Windows
from detection.location.locator import Locator
from houfeng.stretch import Stretch
from houfeng.types import Event, Origin, Pick, SourceId
from stations.inventory import Inventory

Traces = Mapping[SourceId, tuple[Stretch, ...]]
# By channel from when to when it is read, ns UTC.
Spans = Mapping[SourceId, tuple[int, int]]

# S whose residual is beyond three standard deviations (Huber's weight is 1.5 of them then) is another wave.
_LEAST_WEIGHT = 0.5


class Measurer(Protocol):
    """Makes magnitudes: `detection.magnitude.magnitudes.Magnitudes`."""

    def windows(self, event: Event) -> Mapping[str, tuple[int, int]]:
        """By station id from when to when samples are wanted, ns UTC."""
        ...

    def measure(self, event: Event, waveforms: Traces) -> Event:
        """The event with its magnitudes."""
        ...


class Inspector:
    """What waveforms say of events: a function of the event's P onsets, the samples and the metadata alone.

    Parameters
    ----------
    settings : of inspection
    locator : locates events
    inventory : which channels stations have, and their directions
    measurer : makes magnitudes; None for none
    """

    def __init__(
        self, settings: InspectionSettings, locator: Locator, inventory: Inventory, measurer: Measurer | None = None
    ) -> None:
        self._settings = settings
        self._locator = locator
        self._inventory = inventory
        self._measurer = measurer
        self._windows = Windows(settings, locator)
        self._channels: dict[str, set[SourceId]] = {}
        for epoch in inventory.epochs:
            self._channels.setdefault(epoch.source_id.station_id, set()).add(epoch.source_id)

    def s_spans(self, event: Event) -> Spans:
        """What must be recorded before S can be read; of an event located with its P onsets alone."""
        if not self._settings.s_onsets:
            return {}
        return _united(
            (channel, (window.start_ns, window.end_ns))
            for window in self._windows.of(event)
            for channel in sensor_channels(window.pick.source_id)
        )

    def magnitude_spans(self, event: Event) -> Spans:
        """What must be recorded before magnitudes can be told."""
        spans = {} if self._measurer is None else self._measurer.windows(event)
        return _united(
            (channel, spans[pick.source_id.station_id])
            for pick in event.picks
            if pick.source_id.station_id in spans
            for channel in {
                *sensor_channels(pick.source_id),
                *self._channels.get(pick.source_id.station_id, ()),
            }
        )

    def inspect(self, event: Event, waveforms: Waveforms) -> Event:
        """The event with its S onsets, the origin that explains both, and its magnitudes.

        Parameters
        ----------
        event : located with its P onsets alone
        waveforms : where they are read

        Raises
        ------
        HoufengError, OSError : if waveforms cannot be read just now
        """
        event = self._with_s(event, waveforms)
        if self._measurer is None:
            return event
        return self._measurer.measure(event, read(waveforms, self.magnitude_spans(event)))

    def _with_s(self, event: Event, waveforms: Waveforms) -> Event:
        """S is looked for twice: where the P onsets have it, then, in a narrower window, where P and S have it."""
        if not self._settings.s_onsets:
            return event
        windows = self._windows.of(event)
        traces = {
            window.pick: waveforms.read(sensor_channels(window.pick.source_id), window.start_ns, window.end_ns)
            for window in windows
        }
        found = self._located(event, self._read(windows, event.origin, traces))
        if found.origin is None or found is event:
            return found
        return self._located(event, self._read(windows, found.origin, traces))

    def _read(self, windows: tuple[Window, ...], origin: Origin | None, traces: Mapping[Pick, Traces]) -> list[Pick]:
        """S onsets where an origin has them."""
        found = []
        for window in windows:
            s_ns = self._windows.s_ns(window.pick, origin)
            if s_ns:
                found.append(read_s(window.pick, s_ns, traces[window.pick], self._inventory))
        return [pick for pick in found if pick is not None]

    def _located(self, event: Event, s_picks: list[Pick]) -> Event:
        """Located with those S onsets that P and the others explain."""
        while s_picks:
            picks = tuple(sorted((*event.picks, *s_picks)))
            found = self._locator.locate(replace(event, picks=picks, origin=None, arrivals=()))
            if found.origin is None and event.origin is not None:
                return event
            wrong = {
                arrival.station_id
                for arrival in found.arrivals
                if arrival.phase == "S" and arrival.weight < _LEAST_WEIGHT
            }
            if not wrong:
                return found
            s_picks = [pick for pick in s_picks if pick.source_id.station_id not in wrong]
        return event


def read(waveforms: Waveforms, spans: Spans) -> Traces:
    """What is recorded of channels, each in its span."""
    together: dict[tuple[int, int], list[SourceId]] = {}
    for channel, span in spans.items():
        together.setdefault(span, []).append(channel)
    found: dict[SourceId, tuple[Stretch, ...]] = {}
    for span, channels in together.items():
        found.update(waveforms.read(channels, *span))
    return found


def _united(spans: Iterable[tuple[SourceId, tuple[int, int]]]) -> Spans:
    """Spans of one channel, as the one that has them all."""
    found: dict[SourceId, tuple[int, int]] = {}
    for channel, (start_ns, end_ns) in spans:
        first_ns, last_ns = found.get(channel, (start_ns, end_ns))
        found[channel] = min(start_ns, first_ns), max(end_ns, last_ns)
    return found
