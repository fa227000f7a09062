"""Two runs side by side: what one found and the other did not, and why; as a page and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, url_for

from database import queries
from houfeng import run_shapes
from houfeng.errors import ArchiveError, StoreError
from houfeng.replays.differing import Difference, compare
from houfeng.run_shapes import Compared, DifferenceRow
from houfeng.times import NS_PER_S
from houfeng.types import Pick
from webui import api, drawing, pages, reading, sections
from webui.caching import revalidated
from webui.language import lazy_gettext
from webui.schemas import answers, columns

blueprint = Blueprint("runs", __name__)

_ROWS_SHOWN = 12
# A picture of more stations or onsets shows nothing any more.
_N_STATIONS = 30
_N_SAME = 2000
_ROW_HEIGHT = 24
_WIDTH = 1000
# Of each list the first so many have a trace: 240 columns are 3 kB of page.
_N_TRACES = 6
_N_COLUMNS = 240
_BEFORE_NS, _BEHIND_NS = 5 * NS_PER_S, 10 * NS_PER_S
KINDS = {
    "same": lazy_gettext("same"),
    "moved": lazy_gettext("moved"),
    "changed": lazy_gettext("changed"),
    "only A": lazy_gettext("only in A"),
    "only B": lazy_gettext("only in B"),
}
WHY = {
    "configuration": lazy_gettext("configuration"),
    "metadata": lazy_gettext("metadata"),
    "code": lazy_gettext("version of the code"),
    "picks": lazy_gettext("other picks"),
    "other records": lazy_gettext("other records"),
    "no records of the channel": lazy_gettext("no records of the channel"),
    "outside of the records": lazy_gettext("outside of the records"),
    "unknown": lazy_gettext("unknown"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """An onset in the picture: kind, and how far from the left."""

    kind: str
    x: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Onsets of both runs by station, those with most differences first.

    Parameters
    ----------
    rows : station and its marks
    start_ns, end_ns : of the picture
    n_left_out : stations that it has no room for
    """

    rows: Sequence[tuple[str, Sequence[Mark]]]
    start_ns: int
    end_ns: int
    n_left_out: int
    width: int = _WIDTH
    row_height: int = _ROW_HEIGHT


@dataclass(frozen=True, slots=True)
class About:
    """The trace about a pick: `d` of an SVG path, and where the onsets of A and B are, columns; None without one."""

    path: str
    a: float | None
    b: float | None


@blueprint.get("/runs/<a>/diff/<b>")
@revalidated
def diff(a: str, b: str) -> Response:
    """What run B found otherwise than run A."""
    try:
        found = reading.read(lambda snapshot: compare(snapshot, _id(a), _id(b), n_same=_N_SAME))
    except StoreError as error:
        return pages.failure(404, str(error))
    by_kind = {kind: [pair for pair in found.picks if pair[0].kind == kind] for kind in ("moved", "only A", "only B")}
    by_kind["moved"].sort(key=lambda pair: -abs(pair[0].shift_s or 0.0))
    for kind in ("only A", "only B"):
        by_kind[kind].sort(key=lambda pair: -pair[0].either.snr)
    return pages.rendered(
        "run_diff.html",
        found=found,
        by_kind=by_kind,
        bar=_bar(found.counts["picks"]),
        timeline=timeline(found),
        n_shown=_ROWS_SHOWN,
        about={pair: _about(found, *pair) for rows in by_kind.values() for pair, _ in rows[:_N_TRACES]},
        drawing=drawing,
        hidden=sorted({run.source for run in (found.a, found.b) if sections.traces_of(run) is None}),
        kinds=KINDS,
        why=lambda text: ", ".join(str(WHY.get(part, part)) for part in text.split(", ")),
        swapped=url_for("runs.diff", a=b, b=a),
        short=lambda run: run.run_id.removeprefix("run/"),
        evaluated_ns=reading.read(queries.newest_evaluation_ns),
    )


@blueprint.get("/api/v1/runs/<a>/diff/<b>")
@revalidated
@answers(Compared)
def diff_data(a: str, b: str) -> Compared | Response:
    """The same for programs."""
    reading.only("format")
    is_sheet = api.layout() == "csv"
    try:
        found = reading.read(lambda snapshot: compare(snapshot, _id(a), _id(b)))
    except StoreError as error:
        return api.failure(404, str(error))
    return (
        api.sheet("diff", columns(DifferenceRow), run_shapes.rows(found)) if is_sheet else run_shapes.difference(found)
    )


def timeline(found: Difference) -> Timeline | None:
    """Where and when the runs differ; None where there is no onset."""
    onsets = [(pair.either, pair.kind) for pair, _ in found.picks] + [(pick, "same") for pick in found.same]
    if not onsets:
        return None
    times = [pick.onset_ns for pick, _ in onsets]
    start_ns, end_ns = min(times) - NS_PER_S, max(times) + NS_PER_S
    n_different = Counter(pick.source_id.station_id for pick, kind in onsets if kind != "same")
    stations = sorted({pick.source_id.station_id for pick, _ in onsets}, key=lambda name: (-n_different[name], name))
    rows = []
    for name in stations[:_N_STATIONS]:
        mine = sorted((pick.onset_ns, kind) for pick, kind in onsets if pick.source_id.station_id == name)
        rows.append((name, [Mark(kind, _WIDTH * (at - start_ns) / (end_ns - start_ns)) for at, kind in mine]))
    return Timeline(rows, start_ns, end_ns, max(len(stations) - _N_STATIONS, 0))


def _about(found: Difference, a: Pick | None, b: Pick | None) -> About | None:
    """From the archive that the run of the pick read; None where it has no samples there."""
    picks = [pick for pick in (a, b) if pick is not None]
    start_ns = min(pick.onset_ns for pick in picks) - _BEFORE_NS
    end_ns = max(pick.onset_ns for pick in picks) + _BEHIND_NS
    traces = sections.traces_of(found.b if a is None else found.a)
    if traces is None:
        return None
    try:
        envelope = traces.envelope(picks[0].source_id, start_ns, end_ns, _N_COLUMNS)
    except ArchiveError:  # the text is to be seen all the same
        return None
    path = drawing.from_envelope(envelope, start_ns, end_ns).path
    per_ns = drawing.N_COLUMNS / (end_ns - start_ns)
    at_a, at_b = (None if pick is None else (pick.onset_ns - start_ns) * per_ns for pick in (a, b))
    return About(path, at_a, at_b) if path else None


def _bar(counts: Any) -> list[tuple[str, float, float]]:
    """Kind, beginning and length of each part of a bar of all picks."""
    total, at = max(sum(counts.values()), 1), 0.0
    parts = []
    for kind in ("same", "moved", "only A", "only B"):
        length = _WIDTH * counts.get(kind, 0) / total
        parts.append((kind, at, length))
        at += length
    return parts


def _id(text: str) -> str:
    return f"run/{text}"
