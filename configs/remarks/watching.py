"""Remarks on what is made of the data: detection, association and station health."""

from __future__ import annotations

from collections.abc import Iterator

from configs.patterns import any_meets, channels_meet, station_of
from configs.remarks.remark import Level, Remark
from configs.settings import Settings
from detection.settings import DetectionSettings, Form
from houfeng.codes import is_wild

# The health of a channel is looked back at for a day.
_LONGEST_WATCH_S = 86_400.0
# Of the largest ratio that there can be; noise never gets near it, and few earthquakes do.
_HIGH_RATIO = 0.8
_MANY_BANDS = 4


def detection(settings: Settings) -> Iterator[Remark]:
    """Remarks on watched channels and on the trigger."""
    wanted = [pattern for server in settings.seedlink for pattern in server.streams]
    watched = settings.detection.channels
    idle = [pattern for pattern in watched if wanted and not any_meets(pattern, wanted)]
    if idle and len(idle) == len(watched):
        text = "matches nothing that a [[seedlink]] asks for: nothing is detected"
        yield Remark(Level.WARNING, "detection.channels", text)
    elif settings.detection.channels != type(settings.detection)().channels:
        for pattern in idle:
            text = f"no [[seedlink]] asks for {pattern}: it has no effect"
            yield Remark(Level.WARNING, "detection.channels", text)
    yield from _form(settings.detection)
    highest = settings.detection.highest_ratio
    if settings.detection.on_ratio > _HIGH_RATIO * highest:
        text = f"{settings.detection.on_ratio:g} is near lta_s / sta_s = {highest:g}, the largest ratio there can be"
        yield Remark(Level.WARNING, "detection.on_ratio", text)


def _form(detection: DetectionSettings) -> Iterator[Remark]:
    """The form of STA/LTA and its thresholds, which mean other things in other forms."""
    default = DetectionSettings()
    usual = detection.on_ratio == default.on_ratio and detection.off_ratio == default.off_ratio
    if detection.form is Form.SEISCOMP and usual:
        text = (
            f"the form seiscomp is of amplitude: {detection.on_ratio:g}, the default for energy, is an energy ratio of "
            f"{detection.on_ratio**2:g}; SeisComP's own default is 3"
        )
        yield Remark(Level.NOTE, "detection.on_ratio", text)
    if len(detection.bands) > _MANY_BANDS:
        text = f"{len(detection.bands)} bands take {len(detection.bands)} times the computing time of one"
        yield Remark(Level.NOTE, "detection.bands", text)


def association(settings: Settings) -> Iterator[Remark]:
    """Remarks on the number of stations, where it is known without StationXML."""
    wanted = [pattern for server in settings.seedlink for pattern in server.streams]
    watched = {
        station_of(pattern)
        for pattern in wanted
        if any(channels_meet(pattern, channel) for channel in settings.detection.channels)
    }
    needed = settings.association.min_stations
    if watched and not any(map(is_wild, watched)) and len(watched) < needed:
        text = f"an event needs {needed} stations, and only {len(watched)} can send what is watched: there are none"
        yield Remark(Level.WARNING, "association.min_stations", text)


def health(settings: Settings) -> Iterator[Remark]:
    """Remarks on limits that cannot be passed."""
    limits = settings.health
    for key in ("mean_warn_counts", "pegged_mean_counts"):
        value = getattr(limits, key)
        if value >= limits.full_scale_counts:
            text = f"has no effect: no mean is above full_scale_counts = {limits.full_scale_counts:.0f}"
            yield Remark(Level.WARNING, f"health.{key}", text)
    if limits.availability_min_watch_s > _LONGEST_WATCH_S:
        text = "more than a day: availability is never judged, because no channel is looked back at for longer"
        yield Remark(Level.WARNING, "health.availability_min_watch_s", text)
    if limits.future_bad_s >= 3600 * settings.archive.future_limit_h:
        text = (
            "has no effect: station health does not see records that begin more than archive.future_limit_h = "
            f"{settings.archive.future_limit_h:g} h ahead"
        )
        yield Remark(Level.WARNING, "health.future_bad_s", text)
