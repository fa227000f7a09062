"""Why an event was revised, in the page's language."""

from __future__ import annotations

from collections.abc import Sequence

from database.records import RevisedPick
from webui.language import lazy_gettext

# What is followed by the ids of other events ends so that these can follow.
_REASONS: dict[str, object] = {
    "first": lazy_gettext("First found"),
    "continues": lazy_gettext("In the place of"),
    "split": lazy_gettext("Split from"),
    "restored": lazy_gettext("Found again"),
    "late pick": lazy_gettext("Late onset"),
    "absorbed": lazy_gettext("Took in"),
    "pick moved": lazy_gettext("Onsets exchanged with"),
    "pick left out": lazy_gettext("Onset left out"),
    "waveforms": lazy_gettext("Waveforms read: S onsets, magnitudes"),
    "withdrawn": lazy_gettext("Withdrawn: its evidence fell"),
    "merged": lazy_gettext("Merged into"),
    "continued": lazy_gettext("Goes on as"),
}
_STATUSES: dict[str, object] = {
    "withdrawn": lazy_gettext("withdrawn"),
    "merged": lazy_gettext("merged"),
    "continued": lazy_gettext("goes on under another id"),
}


def reason(text: str) -> str:
    """What led to a revision; the ids of the events that had a part in it may follow."""
    return str(_REASONS.get(text, text))


def status(text: str) -> str:
    """What became of an event that is none any more."""
    return str(_STATUSES.get(text, text))


def onsets(picks: Sequence[RevisedPick]) -> str:
    """Picks by station and phase: `KR.NRN P, KR.NRN S`."""
    return ", ".join(f"{pick.station_id} {pick.phase}" for pick in picks)
