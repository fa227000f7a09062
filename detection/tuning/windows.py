"""When each station should see the events of a catalogue: the P onset, and for how long it then sees nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from detection.location.geometry import distance_azimuth
from detection.location.traveltime import PHASES, TravelTimes
from detection.tuning.catalogue import KnownEvent
from houfeng.times import NS_PER_S, seconds_ns
from stations.inventory import Site

# Travel times of a model of the whole Earth lie up to so much of themselves from those of a crust.
_MODEL_SHARE = 0.05
# Signals of events without a magnitude last so long, and none less than this after S.
_UNKNOWN_S = 60.0
_AFTER_S_S = 10.0
# Coda of a large event goes on for hours, but what triggers in it so late is an event of its own.
_LONGEST_S = 300.0
# Less between two spans of data is no gap.
_NO_GAP_NS = NS_PER_S // 2


@dataclass(frozen=True, slots=True)
class Window:
    """What one event does at one station.

    Parameters
    ----------
    expected_ns : P onset, ns UTC
    tolerance_ns : a trigger's onset so near to it is a hit
    end_ns : until then further triggers are the event's other phases and coda
    counts : whether the station should have triggered; if not, the window only excuses triggers
    """

    expected_ns: int
    tolerance_ns: int
    end_ns: int
    counts: bool

    @property
    def start_ns(self) -> int:
        """When the event may begin, ns UTC."""
        return self.expected_ns - self.tolerance_ns


@dataclass(frozen=True, slots=True)
class Reach:
    """Which events a station should see.

    Parameters
    ----------
    max_distance_km : of the epicentre
    min_magnitude : None for all
    tolerance_s : between expected and read onset, beside 5 % of the travel time
    """

    max_distance_km: float = 150.0
    min_magnitude: float | None = None
    tolerance_s: float = 1.0


def duration_s(magnitude: float, distance_km: float) -> float:
    """How long a signal lasts from P on, s.

    References
    ----------
    Lee, Bennett & Meagher (1972) USGS Open-File Report 72-223: M = -0.87 + 2.00 log10(duration) + 0.0035 distance.
    """
    return float(min(10 ** ((magnitude + 0.87 - 0.0035 * distance_km) / 2.0), _LONGEST_S))


def windows(
    events: Sequence[KnownEvent], sites: Iterable[Site], travel_times: TravelTimes, reach: Reach
) -> dict[str, tuple[Window, ...]]:
    """Of every station and event, earliest first; an event so far that no P wave arrives has none.

    Returns
    -------
    windows : by station id
    """
    places = np.array([(e.latitude_deg, e.longitude_deg, e.depth_km) for e in events]).reshape(-1, 3).T
    found = {}
    for site in sites:
        at = np.array(site.latitude_deg), np.array(site.longitude_deg)
        distance_km, _ = distance_azimuth(places[0], places[1], *at)
        high_km = np.array(site.elevation_m / 1000)
        times = [
            travel_times(np.full(len(events), phase), places[2], distance_km, high_km).time_s
            for phase in range(len(PHASES))
        ]
        rows = zip(events, distance_km.tolist(), times[0].tolist(), times[1].tolist(), strict=True)
        made = [_window(event, km, p_s, s_s, reach) for event, km, p_s, s_s in rows if np.isfinite(p_s)]
        found[site.station_id] = tuple(sorted(made, key=lambda window: window.expected_ns))
    return found


def _window(event: KnownEvent, distance_km: float, p_s: float, s_s: float, reach: Reach) -> Window:
    lasts_s = _UNKNOWN_S if event.magnitude is None else duration_s(event.magnitude, distance_km)
    after_s = s_s - p_s + _AFTER_S_S if np.isfinite(s_s) else 0.0
    tolerance_s = reach.tolerance_s + _MODEL_SHARE * p_s
    is_large = reach.min_magnitude is None or (event.magnitude or -99.0) >= reach.min_magnitude
    expected_ns = event.time_ns + seconds_ns(p_s)
    return Window(
        expected_ns,
        seconds_ns(tolerance_s),
        expected_ns + seconds_ns(max(lasts_s, after_s, tolerance_s)),
        counts=is_large and distance_km <= reach.max_distance_km,
    )


class Coverage:
    """Which time of a station there are data for, of any of its channels."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, start_ns: int, end_ns: int) -> None:
        """Data from start (inclusive) to end (exclusive), ns UTC; mostly later than those before."""
        if self._spans and self._spans[-1][0] <= start_ns <= self._spans[-1][1] + _NO_GAP_NS:
            self._spans[-1] = (self._spans[-1][0], max(self._spans[-1][1], end_ns))
        else:
            self._spans.append((start_ns, end_ns))

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Joined, earliest first."""
        return join(self._spans)


def join(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that touch or overlap made one; gaps of less than half a second are none."""
    joined: list[tuple[int, int]] = []
    for start_ns, end_ns in sorted(spans):
        if joined and start_ns <= joined[-1][1] + _NO_GAP_NS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_ns))
        else:
            joined.append((start_ns, end_ns))
    return joined


def quiet_ns(covered: Iterable[tuple[int, int]], busy: Iterable[Window]) -> int:
    """How much of the covered time no event's window takes."""
    taken = join((window.start_ns, window.end_ns) for window in busy)
    total = 0
    for start_ns, end_ns in covered:
        total += end_ns - start_ns
        total -= sum(max(min(end_ns, last) - max(start_ns, first), 0) for first, last in taken)
    return total
