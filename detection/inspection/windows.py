"""When S is expected at a station, and which stretch of time must be there to read it."""

from __future__ import annotations

from dataclasses import dataclass

from detection.inspection.settings import InspectionSettings
from detection.location.locator import Locator
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Event, Origin, Pick

# How far S may be from where an origin has it: a share of S - P for the model, and something for the place. At an
# origin's epicentre S - P changes by 0.12 s per km (crustal velocities of 6.0 and 3.5 km/s).
_LEAST_S = 1.0
_SHARE = 0.2
_PER_KM_S = 0.12
# An origin that leaves more open tells S nothing. Then it is looked for within these shares of the longest S - P one
# after the other: the largest motion within the longest may be that of the next event.
_OPEN_S = 20.0
_LADDER = (0.1, 0.3, 1.0)
# Before P, for the filter to settle, and behind the latest time at which S may be, for the picker.
_LEAD_NS = 5 * NS_PER_S
_TAIL_NS = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Window:
    """What is read around one P onset.

    Parameters
    ----------
    pick : P
    s_ns : earliest and latest time of S, ns UTC; several where it is open, the likeliest first; none where S is not
        looked for
    start_ns, end_ns : from before P until S can be read
    """

    pick: Pick
    s_ns: tuple[tuple[int, int], ...]
    start_ns: int
    end_ns: int


class Windows:
    """Windows of events; a function of their P onsets alone.

    Parameters
    ----------
    settings : of inspection
    locator : has travel times and places
    """

    def __init__(self, settings: InspectionSettings, locator: Locator) -> None:
        self._settings = settings
        self._locator = locator

    def of(self, event: Event) -> tuple[Window, ...]:
        """One for each P onset.

        Parameters
        ----------
        event : located with its P onsets alone, or without origin
        """
        picks = [pick for pick in event.picks if pick.phase == "P"]
        n_known = sum(self._locator.knows(station_id) for station_id in event.station_ids)
        if event.origin is None and n_known >= 3:
            return ()  # no place explains them: they are of no event, and what follows them is not its S
        return tuple(self._window(pick, event.origin) for pick in picks)

    def s_ns(self, pick: Pick, origin: Origin | None) -> tuple[tuple[int, int], ...]:
        """Earliest and latest time at which S follows a P onset, ns UTC; several where it is open, likeliest first."""
        spans_s = [(0.0, share * self._settings.longest_s_p_s) for share in _LADDER]
        if origin is not None:
            spans_s = self._s_minus_p(pick, origin, spans_s)
        return tuple((pick.onset_ns + seconds_ns(least), pick.onset_ns + seconds_ns(most)) for least, most in spans_s)

    def _window(self, pick: Pick, origin: Origin | None) -> Window:
        s_ns = self.s_ns(pick, origin)
        latest_ns = max((latest for _, latest in s_ns), default=pick.onset_ns)
        return Window(pick, s_ns, start_ns=pick.onset_ns - _LEAD_NS, end_ns=latest_ns + _TAIL_NS)

    def _s_minus_p(
        self, pick: Pick, origin: Origin, anywhere_s: list[tuple[float, float]]
    ) -> list[tuple[float, float]]:
        """Least and largest S - P."""
        times = self._locator.travel_times_s(origin, pick.source_id.station_id)
        if times is None:
            return []
        place_s = _PER_KM_S * origin.semi_major_km
        if place_s > _OPEN_S:
            return anywhere_s
        likely_s, longest_s = times[1] - times[0], self._settings.longest_s_p_s
        off_s = _LEAST_S + _SHARE * likely_s + place_s
        if likely_s - off_s > longest_s:
            return []
        return [(max(likely_s - off_s, 0.0), min(likely_s + off_s, longest_s))]
