"""Checks of whole days: what each is called, what it tells in plain words, and how it is made."""

from __future__ import annotations

from webui.language import lazy_gettext
from webui.metric_words import Metric

_FLAG = lazy_gettext("Records whose header says so. It is reported, and colours nothing.")
_FLAG_FORMULA = lazy_gettext("number of records of the day that have this flag")
_FLAGS = {
    "amplifier_saturation": lazy_gettext("Flag: amplifier saturated"),
    "digitizer_clipping": lazy_gettext("Flag: digitiser clipped"),
    "spikes": lazy_gettext("Flag: spikes"),
    "glitches": lazy_gettext("Flag: glitches"),
    "missing_padded_data": lazy_gettext("Flag: missing data, padded"),
    "telemetry_sync_error": lazy_gettext("Flag: telemetry out of step"),
    "digital_filter_charging": lazy_gettext("Flag: digital filter charging"),
    "suspect_time_tag": lazy_gettext("Flag: time tag in doubt"),
    "calibration_signal": lazy_gettext("Flag: calibration signal"),
    "timing_correction": lazy_gettext("Flag: time was corrected"),
    "event_begin": lazy_gettext("Flag: beginning of an event"),
    "event_end": lazy_gettext("Flag: end of an event"),
    "event_in_progress": lazy_gettext("Flag: event in progress"),
    "clock_locked": lazy_gettext("Flag: clock locked"),
}
CHECKS = (
    Metric(
        "sample_unique",
        lazy_gettext("Distinct values"),
        "",
        lazy_gettext("A sensor that lives has thousands in a day; a broadband channel with few is dead or stuck."),
        lazy_gettext("number of different values among a day's samples"),
        log=True,
    ),
    Metric(
        "cross_talk",
        lazy_gettext("Likeness to another component"),
        "",
        lazy_gettext("Components of one sensor move differently; near 1 or −1 a cable leaks, or a channel came twice."),
        lazy_gettext("median over half hours of the correlation with the component of the sensor most like it"),
    ),
    Metric(
        "polarity_check",
        lazy_gettext("Likeness to the nearest station"),
        "",
        lazy_gettext("A distant earthquake moves neighbours alike; near −1 one of them is wired the wrong way round."),
        lazy_gettext(
            "median over ten minutes of 10–50 s in which both see one wave of the correlation with the nearest station"
        ),
    ),
    Metric(
        "orientation_check",
        lazy_gettext("Azimuth off StationXML"),
        "deg",
        lazy_gettext("Where Rayleigh waves come from, seen by the sensor, against where the earthquake was."),
        lazy_gettext("azimuth that Rayleigh waves show − azimuth of StationXML"),
    ),
    Metric(
        "orientation_correlation",
        lazy_gettext("Certainty of the azimuth"),
        "",
        lazy_gettext("Near 1 the azimuth above can be believed."),
        lazy_gettext("correlation of the radial with the vertical component turned by 90°"),
    ),
    Metric(
        "sample_rate_channel",
        lazy_gettext("Rate differs from StationXML"),
        "",
        lazy_gettext("1 where records come at another rate than the metadata say: times and filters would be wrong."),
        lazy_gettext("1 where the rate of the records is not that of the channel's epoch"),
        counted=True,
    ),
    Metric(
        "sample_rate_resp",
        lazy_gettext("Rate differs from the response"),
        "",
        lazy_gettext("1 where the response was made for another rate: spectra and magnitudes would be wrong."),
        lazy_gettext("1 where the rate of the records is not that of the response's last stage"),
        counted=True,
    ),
    *(Metric(name, label, "", _FLAG, _FLAG_FORMULA, counted=True) for name, label in _FLAGS.items()),
)
FLAGS = frozenset(_FLAGS)
