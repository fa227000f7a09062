"""Where a station is in an event, and the windows in which its amplitudes are read."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from detection.magnitude.settings import MagnitudeSettings
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Event, Origin, Pick

KM_PER_DEG = 111.19  # of a sphere of 6371 km
# S - P over P of a Poisson solid, by which one tells the other.
VP_VS = 3**0.5
# Lg (Press & Ewing (1952) BSSA 42, 219-228) goes through the crust, and S of a Poisson solid of 6.06 km/s as fast: near
# the source both are one.
LG_KM_S = 3.5
# A picked P is a little late more often than early.
GUARD_S = 0.5
# Ends of a record are faded in and out over so long before it is transformed.
FADE_S = 5.0
MWP_NOISE_S, MWP_FADE_S = 100.0, 60.0


@dataclass(frozen=True, slots=True)
class Sight:
    """A station as an event sees it.

    Parameters
    ----------
    station_id : `KR.NRN`
    picks : of the station in the event, earliest first
    epicentral_km, depth_km : of the hypocentre
    origin_ns : origin time, ns UTC
    p_ns : first onset: its P pick, else what its S pick and the origin make of it, ns UTC
    """

    station_id: str
    picks: tuple[Pick, ...]
    epicentral_km: float
    depth_km: float
    origin_ns: int
    p_ns: int

    @property
    def hypocentral_km(self) -> float:
        return hypot(self.epicentral_km, self.depth_km)

    @property
    def s_after_p_s(self) -> float:
        """When S is expected after P."""
        return (VP_VS - 1) * (self.p_ns - self.origin_ns) / NS_PER_S

    @property
    def lg_after_p_s(self) -> float:
        """When the last of S is expected after P: far away Lg, which is largest, comes long after Sn."""
        return max(self.s_after_p_s, self.hypocentral_km / LG_KM_S - (self.p_ns - self.origin_ns) / NS_PER_S)

    @property
    def epicentral_deg(self) -> float:
        return self.epicentral_km / KM_PER_DEG


@dataclass(frozen=True, slots=True)
class Window:
    """What has to be recorded for one kind of magnitude; times in ns UTC.

    Parameters
    ----------
    start_ns : where the record is faded in; noise is measured from `fade_in_s` later ...
    signal_ns : ... to here, from where the amplitude is looked for ...
    end_ns : ... to here
    fade_in_s, fade_out_s : how long it is faded in, and out behind `end_ns`
    """

    start_ns: int
    signal_ns: int
    end_ns: int
    fade_in_s: float
    fade_out_s: float

    @property
    def read_ns(self) -> tuple[int, int]:
        """From when (inclusive) to when (exclusive) samples are wanted."""
        return self.start_ns, self.end_ns + seconds_ns(self.fade_out_s)


def sights(event: Event, origin: Origin) -> list[Sight]:
    """The stations of an event whose distance is known, nearest first."""
    found: dict[str, Sight] = {}
    for arrival in event.arrivals:
        if arrival.station_id in found:
            continue
        picks = tuple(pick for pick in event.picks if pick.source_id.station_id == arrival.station_id)
        if picks:
            p_ns = _first_onset_ns(picks, origin.time_ns)
            depth_km = max(origin.depth_km, 0.0)
            found[arrival.station_id] = Sight(
                arrival.station_id, picks, arrival.distance_km, depth_km, origin.time_ns, p_ns
            )
    return sorted(found.values(), key=lambda sight: (sight.epicentral_km, sight.station_id))


def _first_onset_ns(picks: tuple[Pick, ...], origin_ns: int) -> int:
    onsets = [pick.onset_ns for pick in picks if pick.phase == "P"]
    if onsets:
        return min(onsets)
    return origin_ns + round((picks[0].onset_ns - origin_ns) / VP_VS)


def window(sight: Sight, kind: str, settings: MagnitudeSettings) -> Window:
    """The window of one kind of magnitude at one station.

    Parameters
    ----------
    kind : ML (to the end of the S and Lg waves: the hypocentral distance over `ml_slowest_km_s`, and `ml_after_s`),
        mb (`mb_window_s` of P waves), Mwp (P waves before S, at most `mwp_window_s`) or Md (`md_longest_s` of coda)
    """
    after_s = {
        "ML": (sight.origin_ns - sight.p_ns) / NS_PER_S + sight.hypocentral_km / settings.ml_slowest_km_s,
        "mb": settings.mb_window_s,
        "Mwp": min(settings.mwp_window_s, sight.s_after_p_s),
        "Md": settings.md_longest_s,
    }[kind]
    if kind == "ML":
        after_s += settings.ml_after_s
    noise_s, fade_s = (MWP_NOISE_S, MWP_FADE_S) if kind == "Mwp" else (settings.noise_s, FADE_S)
    signal_ns = sight.p_ns - seconds_ns(GUARD_S)
    return Window(
        start_ns=signal_ns - seconds_ns(noise_s + fade_s),
        signal_ns=signal_ns,
        end_ns=sight.p_ns + seconds_ns(max(after_s, 1.0)),
        fade_in_s=fade_s,
        fade_out_s=0.0 if kind == "Mwp" else fade_s,
    )


def window_ns(sight: Sight, kind: str, settings: MagnitudeSettings) -> tuple[int, int]:
    """From when (inclusive) to when (exclusive) a magnitude of this kind wants a station's samples, ns UTC."""
    return window(sight, kind, settings).read_ns
