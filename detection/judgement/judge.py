"""Events with what they are worth and may be: a pure function of the event as located."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from detection.judgement.blasts import blast_reasons
from detection.judgement.quality import not_located, quality
from detection.judgement.settings import JudgementSettings
from detection.judgement.teleseisms import teleseism_reasons
from houfeng.types import Event
from stations.inventory import Site

TELESEISM = "teleseism"
POSSIBLE_BLAST = "possible blast"


def judge(event: Event, settings: JudgementSettings, sites: Mapping[str, Site]) -> Event:
    """The event with its quality class and a hint of its type.

    There is no hint for an earthquake nearby, nor a guess whether something was induced.

    Parameters
    ----------
    event : as located
    sites : where stations stand, by station id
    """
    if event.origin is None:
        known = not_located(sum(station_id in sites for station_id in event.station_ids))
    else:
        known = quality(event.origin, event.arrivals)
    hint = TELESEISM
    reasons = teleseism_reasons(settings, event.picks, sites, event.origin)
    if not reasons and event.origin is not None:
        hint, reasons = POSSIBLE_BLAST, blast_reasons(event.origin, settings.blast_area)
    return replace(
        event,
        quality=known.grade,
        quality_reasons=known.reasons,
        type_hint=hint if reasons else "",
        type_reasons=reasons,
    )
