"""What a network may tune about detection and association; validated where it is made."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from houfeng.errors import ConfigError

_PATTERN = re.compile(r"[A-Z0-9*?-]*(\.[A-Z0-9*?-]*){3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """How single channels are watched. The defaults suit local networks (stations 5-100 km apart).

    Parameters
    ----------
    channels : NSLC patterns with `*` and `?`; other channels are recorded but not watched
    band_low_hz, band_high_hz : corners of the band-pass; the upper one is lowered to 0.9 of a slower channel's
        Nyquist frequency as long as an octave remains
    sta_s, lta_s : time constants of the short- and the long-term average of band-passed energy
    on_ratio, off_ratio : STA/LTA (energy) at which a trigger starts and ends
    rearm_amplitude : a trigger that is still on starts anew when the short-term amplitude exceeds this many
        times its largest value so far: 10 is one unit of magnitude more
    rearm_s : how far back that largest value is taken, so that one onset growing is not two
    hold_off_s : no trigger for so long after a gap: the filter is settling
    keep_lta_s : the noise level survives a gap up to this long; after a longer one it is learnt anew
    flat_s : equal samples for so long are a gap that was filled in, not ground motion
    onset_before_s, onset_after_s : window around the trigger in which the onset is looked for
    block_s : samples are filtered in blocks of this length on the segment's own grid

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    channels: tuple[str, ...] = ("*.*.*.?HZ", "*.*.*.?NZ")
    band_low_hz: float = 7.0
    band_high_hz: float = 20.0
    sta_s: float = 0.5
    lta_s: float = 10.0
    on_ratio: float = 4.0
    off_ratio: float = 1.5
    rearm_amplitude: float = 10.0
    rearm_s: float = 3.0
    hold_off_s: float = 2.0
    keep_lta_s: float = 60.0
    flat_s: float = 1.0
    onset_before_s: float = 3.0
    onset_after_s: float = 2.0
    block_s: float = 0.5

    def __post_init__(self) -> None:
        _need(bool(self.channels), "channels", "at least one pattern", self.channels)
        for pattern in self.channels:
            known = bool(_PATTERN.fullmatch(pattern))
            _need(known, "channels", "patterns NET.STA.LOC.CHA of capitals, digits, * and ?", pattern)
        for key in ("band_low_hz", "sta_s", "rearm_s", "flat_s", "onset_before_s", "onset_after_s", "block_s"):
            _positive(self, key)
        for key in ("hold_off_s", "keep_lta_s"):
            value = getattr(self, key)
            _need(math.isfinite(value) and value >= 0, key, "0 or more", value)
        _above(self, "band_high_hz", "band_low_hz")
        _above(self, "lta_s", "sta_s")
        _need(self.off_ratio > 0, "off_ratio", "a ratio above 0", self.off_ratio)
        _above(self, "on_ratio", "off_ratio")
        _need(
            self.on_ratio < self.lta_s / self.sta_s,
            "on_ratio",
            f"less than lta_s / sta_s = {self.lta_s / self.sta_s:g}, which the ratio can never exceed",
            self.on_ratio,
        )
        _need(self.rearm_amplitude > 1, "rearm_amplitude", "more than 1", self.rearm_amplitude)
        _above(self, "onset_after_s", "sta_s")


@dataclass(frozen=True, slots=True)
class AssociationSettings:
    """When onsets on several stations are one event.

    Parameters
    ----------
    min_stations : stations that must have an onset
    slowest_p_km_s : two onsets of one event are no further apart than the stations' distance over this speed ...
    tolerance_s : ... plus this, which covers errors of picks, clocks and coordinates
    unlocated_window_s : largest time between two onsets when the position of a station is unknown
    coda_s : so long after its onset in one event, a station's further onsets belong to S and coda ...
    coda_snr : ... unless they stand out of it by this amplitude ratio, as the onset of a larger shock does
    memory_s : picks older than this, against the picks of `min_stations` other stations, come too late

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    min_stations: int = 3
    slowest_p_km_s: float = 4.0
    tolerance_s: float = 1.0
    unlocated_window_s: float = 10.0
    coda_s: float = 15.0
    coda_snr: float = 10.0
    memory_s: float = 21600.0

    def __post_init__(self) -> None:
        _need(self.min_stations >= 2, "min_stations", "2 or more", self.min_stations)
        for key in ("slowest_p_km_s", "tolerance_s", "unlocated_window_s", "coda_snr", "memory_s"):
            _positive(self, key)
        _need(math.isfinite(self.coda_s) and self.coda_s >= 0, "coda_s", "0 or more seconds", self.coda_s)


def _need(condition: bool, key: str, needed: str, came: object) -> None:
    if not condition:
        raise ConfigError(f"{key}: needs {needed}; got {came}")


def _positive(settings: object, key: str) -> None:
    value = getattr(settings, key)
    _need(math.isfinite(value) and value > 0, key, "more than 0", value)


def _above(settings: object, key: str, other: str) -> None:
    value, floor = getattr(settings, key), getattr(settings, other)
    _need(math.isfinite(value) and value > floor, key, f"more than {other} = {floor:g}", value)
