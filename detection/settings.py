"""What a network may tune about detection and association; validated where it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from detection.location.layers import PUBLISHED, Layer, check
from houfeng.checks import above, channel_patterns, need, not_negative, positive
from houfeng.errors import ConfigError, ModelError

# Onsets are read where a trace is only rid of drift: a narrow band rounds the onset off. Of bands that begin below it,
# from there on: above it a teleseism's P of 1 or 2 s has lost its first swings.
HIGHPASS_HZ = 1.0
NYQUIST_SHARE = 0.9  # above it the digitiser's anti-alias filter shapes the noise


class Form(StrEnum):
    """What is divided by what. STA and LTA are a short and a long average, both up to the current sample."""

    RECURSIVE = "recursive"  # exponential averages of energy
    CLASSIC = "classic"  # means of energy over the last sta_s and lta_s
    Z_DETECT = "z-detect"  # mean energy before the sample, less its mean over lta_s, in standard deviations
    SEISCOMP = "seiscomp"  # exponential averages: of amplitude, and of that average


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """How single channels are watched. The defaults suit local networks (stations 5-100 km apart).

    Parameters
    ----------
    channels : NSLC patterns with `*` and `?`; other channels are recorded but not watched
    bands : corners of each band-pass, Hz; the largest ratio of all bands counts. An upper corner is lowered to 0.9 of
        a slower channel's Nyquist frequency as long as an octave remains, else the channel goes without this band
    form : how the ratio is formed
    sta_s, lta_s : length of the short- and the long-term average of each band: a time constant or a window
    on_ratio, off_ratio : ratio at which a trigger starts and ends
    rearm_amplitude : a trigger that is still on starts anew when the short-term amplitude exceeds this many
        times its largest value so far: 10 is one unit of magnitude more
    rearm_s : how far back that largest value is taken, so that one onset growing is not two
    dead_time_s : none of the triggers that begin so long after the end of one counts
    hold_off_s : no trigger for so long after a gap: the filter is settling
    keep_lta_s : the noise level survives a gap up to this long; after a longer one it is learnt anew
    flat_s : equal samples for so long are a gap that was filled in, not ground motion
    onset_before_s, onset_after_s : window around the trigger in which the onset is looked for
    block_s : samples are filtered in blocks of this length (16 samples at least) on the segment's own grid

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    channels: tuple[str, ...] = ("*.*.*.?HZ", "*.*.*.?NZ")
    bands: tuple[tuple[float, float], ...] = ((3.0, 10.0), (8.0, 25.0))
    form: Form = Form.RECURSIVE
    sta_s: float = 0.5
    lta_s: float = 10.0
    on_ratio: float = 5.0
    off_ratio: float = 2.0
    rearm_amplitude: float = 10.0
    rearm_s: float = 3.0
    dead_time_s: float = 0.0
    hold_off_s: float = 2.0
    keep_lta_s: float = 60.0
    flat_s: float = 1.0
    onset_before_s: float = 3.0
    onset_after_s: float = 2.0
    block_s: float = 0.5

    def __post_init__(self) -> None:
        need(bool(self.channels), "channels", "at least one NET.STA.LOC.CHA pattern", "none")
        channel_patterns("channels", self.channels)
        positive(self, "sta_s", "rearm_s", "flat_s", "onset_before_s", "onset_after_s", "block_s")
        not_negative(self, "dead_time_s", "hold_off_s", "keep_lta_s")
        need(bool(self.bands), "bands", "at least one [low, high] in Hz", "none")
        for low, high in self.bands:
            good = 0 < low < high and math.isfinite(high)
            need(good, "bands", "[low, high] in Hz with 0 < low < high", f"[{low:g}, {high:g}]")
        need(len(set(self.bands)) == len(self.bands), "bands", "each band once", "the same band twice")
        above(self, "lta_s", "sta_s")
        positive(self, "off_ratio")
        above(self, "on_ratio", "off_ratio")
        highest = self.highest_ratio
        needed = f"less than lta_s / sta_s = {highest:g}, which the ratio can never exceed,"
        need(self.on_ratio < highest, "on_ratio", needed, f"{self.on_ratio:g}")
        need(self.rearm_amplitude > 1, "rearm_amplitude", "more than 1", f"{self.rearm_amplitude:g}")
        above(self, "onset_after_s", "sta_s")

    @property
    def highest_ratio(self) -> float:
        """What the ratio can never exceed; infinite where that depends on the sampling rate."""
        return self.lta_s / self.sta_s if self.form in (Form.RECURSIVE, Form.CLASSIC) else math.inf


@dataclass(frozen=True, slots=True)
class AssociationSettings:
    """When onsets on several stations are one event.

    Parameters
    ----------
    min_stations : stations that must have an onset of P
    threshold : logarithm of how much likelier the picks must be with an event than without, for 15 stations or fewer
        that trigger 25 times an hour or more
    tolerance_s : standard deviation of an onset near the event against the Earth model: errors of picks, clocks and
        coordinates; further away it is taken to be larger
    quiet_picks_per_hour : triggers by chance that every station is taken to have besides those of the last hour
    unlocated_window_s : largest time between two onsets when the position of a station is unknown
    coda_s : so long after its S in one event (or P, where there is no S), a station's further onsets tell little ...
    coda_snr : ... unless they stand out of it by this amplitude ratio, as the onset of a larger shock does; S, when it
        is due, may by a quarter of what P does
    memory_s : picks older than this, against the picks of `min_stations` other stations, come too late

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    min_stations: int = 3
    threshold: float = 15.4
    tolerance_s: float = 0.4
    quiet_picks_per_hour: float = 1.5
    unlocated_window_s: float = 10.0
    coda_s: float = 15.0
    coda_snr: float = 10.0
    memory_s: float = 21600.0

    def __post_init__(self) -> None:
        need(self.min_stations >= 2, "min_stations", "2 or more", self.min_stations)
        positive(self, "threshold", "tolerance_s", "quiet_picks_per_hour")
        positive(self, "unlocated_window_s", "coda_snr", "memory_s")
        not_negative(self, "coda_s")


@dataclass(frozen=True, slots=True)
class LocationSettings:
    """Where events are sought.

    Parameters
    ----------
    model : a published Earth model, ak135 or iasp91; with `layers`, what these are called
    layers : top (km), P and S velocity (km/s) of each layer of a crust of one's own, from 0 km down
    default_depth_km : of events whose depth the onsets do not tell

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    model: str = "ak135"
    layers: tuple[Layer, ...] = ()
    default_depth_km: float = 10.0

    def __post_init__(self) -> None:
        try:
            if self.layers:
                check("layers", self.layers)
        except ModelError as error:
            raise ConfigError(str(error)) from error
        if not self.layers and self.model not in PUBLISHED:
            raise ConfigError(f"model: one of {', '.join(PUBLISHED)} or layers are needed; {self.model!r} came")
        need(0 <= self.default_depth_km <= 700, "default_depth_km", "0 to 700 km", self.default_depth_km)
