"""The nouns that every room shares: immutable, slotted, without behaviour that needs the outside world."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from houfeng.codes import SourceId
from houfeng.magnitudes import Magnitude, StationMagnitude
from houfeng.packets import ROOM, JoinedRecords, Packet, Samples, Unpack, readonly

__all__ = [
    "ROOM",
    "Arrival",
    "Cursor",
    "Event",
    "Gap",
    "JoinedRecords",
    "Magnitude",
    "Origin",
    "Packet",
    "Pick",
    "Samples",
    "SourceId",
    "StationMagnitude",
    "Unpack",
    "public_id",
    "readonly",
]


class Span(NamedTuple):
    """Time that samples of one rate cover: from the first one to when the next should come (exclusive), ns UTC."""

    start_ns: int
    end_ns: int
    sample_rate_hz: float


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Time of one stream whose samples are wanted and absent: from `start_ns` (inclusive) to `end_ns` (exclusive)."""

    source_id: SourceId
    start_ns: int
    end_ns: int

    @property
    def length_ns(self) -> int:
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a station was received from a server.

    Parameters
    ----------
    sequence : of the packet received last
    last_ns : end of the newest record so far, ns UTC
    record_ns : start of the record received last, ns UTC: some servers compare it before they believe the sequence
    server_start : when the server that numbered it was started, as it writes it; empty where it does not say
    """

    sequence: int
    last_ns: int
    record_ns: int = 0
    server_start: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Pick:
    """One phase onset on one channel.

    Parameters
    ----------
    onset_ns : time of the onset, ns UTC
    source_id : channel it was read on
    phase : "P" or "S"
    method, version : how it was read; together with channel and time, and of S that of P's trigger, they make the
        public id
    uncertainty_s : half width of the onset, seconds
    snr : amplitude ratio, signal after the onset to noise before it
    band : name of the pass band that triggered
    trigger_ns : when the STA/LTA trigger went on, of S that of its P, ns UTC
    polarity : first motion, "up" or "down"; "" where it is not clear
    spread_s : how far the onsets of several pickers are apart (standard deviation), seconds
    is_clipped : samples after the onset are at the channel's rails
    is_near_gap : the segment starts or ends inside the window in which the onset was looked for
    trigger_rate_h : triggers of this channel in the hour before this one
    """

    onset_ns: int
    source_id: SourceId
    phase: str
    method: str
    version: int
    uncertainty_s: float
    snr: float
    band: str
    trigger_ns: int
    polarity: str = ""
    spread_s: float = 0.0
    is_clipped: bool = False
    is_near_gap: bool = False
    trigger_rate_h: float = 0.0

    @property
    def public_id(self) -> str:
        """The same onset has the same id in every run, live or replayed, fed once or twice.

        What is said of S depends on the P that it was read behind: of two events each has its own, at one time or not.
        """
        of = () if self.phase == "P" else (self.trigger_ns,)
        return public_id("pick", self.source_id, self.onset_ns, self.phase, self.method, self.version, *of)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A station's onset as the event's origin explains it.

    Parameters
    ----------
    station_id, phase : whose; each once
    distance_km, azimuth_deg : from the epicentre to the station
    residual_s : onset less expected time
    weight : 1 for one that counts in full, less for a residual beyond bounds
    """

    station_id: str
    phase: str
    distance_km: float
    azimuth_deg: float
    residual_s: float
    weight: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when an event was, and how well that is known; errors are of 90 % confidence.

    Parameters
    ----------
    time_ns : origin time, ns UTC
    latitude_deg, longitude_deg : WGS 84
    depth_km : below sea level
    depth_error_km : half width; None if the onsets say nothing of the depth, which was fixed then
    time_error_s : half width
    semi_major_km, semi_minor_km, major_azimuth_deg : error ellipse of the epicentre
    rms_s : root of the mean square of weighted residuals
    gap_deg : largest angle without a station
    nearest_km : distance of the nearest station
    earth_model : whose travel times explain the onsets
    region : Flinn-Engdahl region of the epicentre
    """

    time_ns: int
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    depth_error_km: float | None
    time_error_s: float
    semi_major_km: float
    semi_minor_km: float
    major_azimuth_deg: float
    rms_s: float
    gap_deg: float
    nearest_km: float
    earth_model: str
    region: str


@dataclass(frozen=True, slots=True)
class Event:
    """Onsets on several stations that belong together.

    Parameters
    ----------
    picks : associated picks, earliest first
    origin : None where the picks do not tell it
    arrivals : what the origin makes of the picks of stations whose place is known, nearest first
    magnitudes : the network's, one of each kind, the preferred one first
    station_magnitudes : what they were made from, and of stations that were measured in vain why
    quality : class of the location, "A" (best) to "D"; "" for a trigger that was not located
    quality_reasons : what keeps it from a better class
    type_hint : "teleseism" or "possible blast" where it looks like one; "" where nothing speaks for either
    type_reasons : why
    """

    picks: tuple[Pick, ...]
    origin: Origin | None = None
    arrivals: tuple[Arrival, ...] = ()
    magnitudes: tuple[Magnitude, ...] = ()
    station_magnitudes: tuple[StationMagnitude, ...] = ()
    quality: str = ""
    quality_reasons: tuple[str, ...] = ()
    type_hint: str = ""
    type_reasons: tuple[str, ...] = ()

    @property
    def public_id(self) -> str:
        """Made from the earliest pick, so a late pick at a further station does not rename the event."""
        return public_id("event", self.picks[0].public_id)

    @property
    def first_onset_ns(self) -> int:
        return self.picks[0].onset_ns

    @property
    def station_ids(self) -> tuple[str, ...]:
        """Stations with a pick, each once, in order of arrival."""
        return tuple(dict.fromkeys(pick.source_id.station_id for pick in self.picks))


def public_id(kind: str, *parts: object) -> str:
    """Deterministic id `kind/16 hexadecimal digits` of what makes a row unique."""
    text = "|".join(str(part) for part in parts)
    return f"{kind}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"
