"""The nouns that every room shares: immutable, slotted, without behaviour that needs the outside world."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from houfeng.codes import SourceId
from houfeng.times import format_ns, samples_ns

__all__ = [
    "Arrival",
    "Cursor",
    "Event",
    "Gap",
    "Origin",
    "Packet",
    "Pick",
    "Samples",
    "SourceId",
    "Unpack",
    "public_id",
    "readonly",
]

Samples = NDArray[Any]
# The samples of a record's bytes; raises RecordError when they cannot be unpacked.
Unpack = Callable[[bytes], Samples]


class _Making:
    # a packet while it is made: this one can be assigned to
    __slots__ = (
        *("source_id", "start_ns", "sample_rate_hz", "n_samples", "raw", "timing_quality"),
        *("sequence", "server_start", "received_ns", "_samples"),
    )
    source_id: SourceId
    start_ns: int
    sample_rate_hz: float
    n_samples: int
    raw: bytes
    timing_quality: int | None
    sequence: int | None
    server_start: str
    received_ns: int
    _samples: Samples | Unpack


class Packet(_Making):
    """One miniSEED record: what its header says, its bytes, and its samples when somebody asks for them.

    Immutable, compared by identity. A frozen dataclass of the same fields takes 2.5 times as long to make.

    Parameters
    ----------
    source_id : stream it belongs to
    start_ns : time of the first sample, ns UTC
    sample_rate_hz : samples per second; 0 for a log record, which has no samples
    samples : (n,) counts, int32, float32 or float64; read-only. Or what unpacks them from `raw` on their first use:
        most records are archived and looked at by their header alone
    raw : the record's bytes as received; what the archive keeps
    timing_quality : 0-100 % (blockette 1001 or FDSN.Time.Quality), None when the record has none
    sequence : number the server had it under, None when it did not come from a server
    server_start : when that server was started, as it writes it: the same number of another run of the server may be
        another packet. Empty where it does not say
    received_ns : when it arrived; for health only, detection never reads it
    n_samples : how many there are, when they are not unpacked yet
    """

    __slots__ = ()

    def __new__(
        cls,
        source_id: SourceId,
        start_ns: int,
        sample_rate_hz: float,
        samples: Samples | Unpack,
        raw: bytes,
        timing_quality: int | None = None,
        sequence: int | None = None,
        server_start: str = "",
        received_ns: int = 0,
        n_samples: int | None = None,
    ) -> Self:
        made = _Making()
        made.source_id, made.start_ns, made.sample_rate_hz = source_id, start_ns, sample_rate_hz
        made._samples, made.raw, made.timing_quality = samples, raw, timing_quality
        made.sequence, made.server_start, made.received_ns = sequence, server_start, received_ns
        made.n_samples = len(samples) if n_samples is None else n_samples  # type: ignore[arg-type]  # an array then
        made.__class__ = cls  # from here on nothing can be assigned
        return made  # type: ignore[return-value]

    @property
    def samples(self) -> Samples:
        """(n_samples,) counts; read-only.

        Raises
        ------
        RecordError : if they cannot be unpacked; `acquisition.unpacking` sorts out such records before detection
        """
        samples = self._samples
        if callable(samples):  # two threads that ask at once unpack twice, and keep one of two equal arrays
            samples = samples(self.raw)
            object.__setattr__(self, "_samples", samples)
        return samples

    @property
    def next_ns(self) -> int:
        """When the following packet should start; the end of the time this packet covers."""
        if not self.sample_rate_hz:
            return self.start_ns
        return self.start_ns + samples_ns(self.n_samples, self.sample_rate_hz)

    def __setattr__(self, name: str, value: object = None) -> None:
        raise FrozenInstanceError(f"{self}: cannot assign to {name!r}")

    __delattr__ = __setattr__

    def __repr__(self) -> str:
        extent = f"{self.n_samples} samples at {self.sample_rate_hz:g} Hz"
        return f"Packet({self.source_id}, {format_ns(self.start_ns)}, {extent})"


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
    method, version : how it was read; together with channel and time they make the public id
    uncertainty_s : half width of the onset, seconds
    snr : amplitude ratio, signal after the onset to noise before it
    band : name of the pass band that triggered
    trigger_ns : when the STA/LTA trigger went on, ns UTC
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
        """The same onset has the same id in every run, live or replayed, fed once or twice."""
        return public_id("pick", self.source_id, self.onset_ns, self.phase, self.method, self.version)


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
    """

    picks: tuple[Pick, ...]
    origin: Origin | None = None
    arrivals: tuple[Arrival, ...] = ()

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


def readonly(samples: Samples) -> Samples:
    """A copy that nobody can write to: packets outlive the decoder's buffer and are shared between rooms."""
    kept = np.array(samples)
    kept.flags.writeable = False
    return kept
