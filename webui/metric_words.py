"""What each metric is called, what it tells in plain words, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webui import words
from webui.language import lazy_gettext


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name : as in `Metrics` (of the stream) or in a row of `houfeng metrics` (of the archive); MUSTANG's where it has one
    label, meaning, formula : words, translated when they are shown
    unit : s, %, counts, dB, or "" for plain numbers
    counted : a number of things: drawn from zero
    log : drawn on a logarithmic axis
    limited : whether the limit of the stream's rule of this name holds for each row
    also : what SeisComP calls it
    """

    name: str
    label: object
    unit: str
    meaning: object
    formula: object
    counted: bool = False
    log: bool = False
    limited: str = ""
    also: str = ""

    def text(self, value: Any) -> str:
        """A value with its unit."""
        if value is None:
            return words.NO_EVIDENCE
        if self.unit == "deg":
            return f"{words.decimals(value, 0)}°"
        if self.unit == "dB":
            return f"{words.decimals(value, 1)} dB"
        return words.quantity(value, self.unit) if self.unit else words.figure(value)


_LATENCY = lazy_gettext(
    "Everything together: the digitiser's waiting for a full record, the link, and a server that waits."
)
_AVAILABILITY = lazy_gettext("How much of the time asked for has samples. A time that came twice counts once.")
_AVAILABILITY_FORMULA = lazy_gettext("100 × time covered by samples / time asked for")
_GAPS = lazy_gettext("Times at which samples are missing. They cost detection its noise level, and may hide an event.")
_GAPS_FORMULA = lazy_gettext("steps in time more than half a sample longer than expected")
_LONGEST = lazy_gettext("The longest of the gaps, all of it, even where it begins in an earlier row.")
_LONGEST_FORMULA = lazy_gettext("time of the next sample − time at which it was expected")
_OVERLAPS = lazy_gettext("Data that came twice, or a clock that was set back.")
_OVERLAPS_FORMULA = lazy_gettext("steps in time more than half a sample shorter than expected")
_TIMING = lazy_gettext("How sure the digitiser is of its clock: it falls while GNSS is lost. Of channels that tell it.")
_TIMING_FORMULA = lazy_gettext("mean of the timing quality in the records' headers (miniSEED blockette 1001)")
_RMS = lazy_gettext(
    "How much the trace moves: the site's noise, an earthquake, or a dead channel where it is near zero."
)
_RMS_FORMULA = "√(Σ(x − x̄)² / n)"
_MEAN = lazy_gettext("The trace's offset. One that grows is a mass that wants centring.")
_MEAN_FORMULA = "x̄ = Σx / n"

# From the stream, now.
LIVE = (
    Metric(
        "total_latency_s",
        lazy_gettext("Total latency"),
        "s",
        _LATENCY,
        lazy_gettext("now − time of the last sample"),
        also="delay",
    ),
    Metric(
        "feed_latency_s",
        lazy_gettext("Feed latency"),
        "s",
        lazy_gettext("How long nothing came at all: it grows when the link or the server is down."),
        lazy_gettext("now − arrival of the last record"),
        also="latency",
    ),
    Metric(
        "data_latency_s",
        lazy_gettext("Data latency"),
        "s",
        lazy_gettext("How old data are when they come: the record's length and the way that it takes."),
        lazy_gettext("arrival of the last record − time of its last sample = total − feed latency"),
    ),
    Metric("percent_availability_1h", lazy_gettext("Availability 1 h"), "%", _AVAILABILITY, _AVAILABILITY_FORMULA),
    Metric("percent_availability_24h", lazy_gettext("Availability 24 h"), "%", _AVAILABILITY, _AVAILABILITY_FORMULA),
    Metric("num_gaps", lazy_gettext("Gaps in 1 h"), "", _GAPS, _GAPS_FORMULA),
    Metric("max_gap_s", lazy_gettext("Longest gap in 1 h"), "s", _LONGEST, _LONGEST_FORMULA),
    Metric("num_overlaps", lazy_gettext("Overlaps in 1 h"), "", _OVERLAPS, _OVERLAPS_FORMULA),
    Metric("timing_quality", lazy_gettext("Timing quality, 10 min"), "%", _TIMING, _TIMING_FORMULA),
    Metric("sample_rms", lazy_gettext("RMS, 1 min"), "counts", _RMS, _RMS_FORMULA),
    Metric("sample_mean", lazy_gettext("Mean of samples, 1 min"), "counts", _MEAN, _MEAN_FORMULA),
    Metric(
        "num_distinct",
        lazy_gettext("Distinct values, 1 min"),
        "",
        lazy_gettext("A channel with one or two values in a minute is dead. Counted up to 3."),
        lazy_gettext("number of different values among a minute's samples"),
    ),
    Metric(
        "clipping",
        lazy_gettext("Clipped samples, 1 min"),
        "%",
        lazy_gettext("Samples at the end of what the digitiser can write: amplitudes are too small then."),
        lazy_gettext("100 × samples from 0.98 of full scale on / samples"),
    ),
)

# Those of live records are kept as well; an archive does not know when a record came.
LATENCIES = LIVE[:3]

# From the archive, by minute, hour and day.
MEASURED = (
    Metric(
        "percent_availability",
        lazy_gettext("Availability"),
        "%",
        _AVAILABILITY,
        _AVAILABILITY_FORMULA,
        limited="percent_availability_24h",
    ),
    Metric("num_gaps", lazy_gettext("Gaps"), "", _GAPS, _GAPS_FORMULA, counted=True),
    Metric("max_gap_s", lazy_gettext("Longest gap"), "s", _LONGEST, _LONGEST_FORMULA, counted=True),
    Metric("num_overlaps", lazy_gettext("Overlaps"), "", _OVERLAPS, _OVERLAPS_FORMULA, counted=True),
    Metric(
        "timing_quality",
        lazy_gettext("Timing quality"),
        "%",
        _TIMING,
        _TIMING_FORMULA,
        limited="timing_quality",
    ),
    Metric(
        "percent_locked",
        lazy_gettext("Clock locked"),
        "%",
        lazy_gettext("Records whose header says that the clock was locked. Many digitisers never say it."),
        lazy_gettext("100 × records with the flag “clock locked” / records"),
    ),
    Metric("sample_rms", lazy_gettext("RMS"), "counts", _RMS, _RMS_FORMULA, log=True),
    Metric("sample_mean", lazy_gettext("Mean of samples"), "counts", _MEAN, _MEAN_FORMULA),
    Metric(
        "num_spikes",
        lazy_gettext("Spikes"),
        "",
        lazy_gettext("Samples far outside of what their neighbours say: a loose plug, lightning, a bad bit."),
        lazy_gettext("|x − median of 41| > 10 × 1.4826 × median of |x − median| (Hampel)"),
        counted=True,
    ),
    Metric(
        "percent_clipped",
        lazy_gettext("Clipped samples"),
        "%",
        lazy_gettext("Samples at the end of what the digitiser can write: amplitudes are too small then."),
        lazy_gettext("100 × samples from 0.98 of full scale on / samples"),
        counted=True,
    ),
    Metric(
        "percent_flat",
        lazy_gettext("Flat minutes"),
        "%",
        lazy_gettext("Minutes in which the channel was dead."),
        lazy_gettext("100 × minutes with at most 2 different values / minutes with samples"),
        counted=True,
    ),
    Metric(
        "value",
        lazy_gettext("Mean in its unit"),
        "unit",
        lazy_gettext("What a channel of state of health tells, in the unit of the StationXML."),
        lazy_gettext("mean of samples / gain"),
    ),
)

# From the noise of days.
NOISE = (
    Metric(
        "pct_above_nhnm",
        lazy_gettext("Above the high noise model"),
        "%",
        lazy_gettext("A noisy site, a wrong gain, or a fault where it is near 100 %."),
        lazy_gettext("100 × periods above Peterson's NHNM / periods, up to Nyquist's frequency / 1.5"),
    ),
    Metric(
        "pct_below_nlnm",
        lazy_gettext("Below the low noise model"),
        "%",
        lazy_gettext("No site is that quiet: a dead sensor, or a wrong gain."),
        lazy_gettext("100 × periods below Peterson's NLNM / periods, up to Nyquist's frequency / 1.5"),
    ),
    Metric(
        "dead_channel_lin",
        lazy_gettext("Spectrum about a line"),
        "dB",
        lazy_gettext("A digitiser without a sensor draws a straight line: below 2 to 3 dB the channel is dead."),
        lazy_gettext("standard deviation of the mean spectrum about a line over log T, 4 samples to 100 s"),
    ),
    Metric(
        "dead_channel_gsn",
        lazy_gettext("Below the low noise model, 4–8 s"),
        "dB",
        lazy_gettext("Ocean waves are heard everywhere: above 5 dB the channel is dead."),
        lazy_gettext("mean over 4–8 s of NLNM − median spectrum"),
    ),
)
