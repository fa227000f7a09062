"""Noise of channels: how often each level was seen, against Peterson's models, of a day, 30 days or a year."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TypedDict

from flask import Blueprint, Response, current_app, render_template
from sqlalchemy import Connection

from database import metric_pages, queries
from houfeng.noise import ChannelNoise, NoiseRow, stored_noise
from houfeng.shape_types import Time
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import SourceId
from stations.responsexml import Responses
from webui import api, pages, reading, spectra
from webui.caching import revalidated
from webui.language import gettext
from webui.schemas import answers, columns

blueprint = Blueprint("noise", __name__)

_DAY_NS = 86_400 * NS_PER_S
RANGES = {"1d": _DAY_NS, "30d": 30 * _DAY_NS, "1y": 365 * _DAY_NS}
# Of eight periods in an octave, so many are enough for people.
_EVERY = 4
_N_KEPT = 32
_Key = tuple[str, ...]


class NoiseTable(TypedDict):
    """Levels by period, of the days between two times; `remark` says why there are none, or what was left out."""

    noise: list[NoiseRow]
    since: Time
    until: Time
    remark: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Noise of a channel between two times (ns UTC), and its picture; without one there is a remark why."""

    source_id: SourceId
    since_ns: int
    until_ns: int
    noise: ChannelNoise
    rows: list[NoiseRow]
    picture: spectra.Spectra | None


class Drawn:
    """Pictures made last: one of a year takes a third of a second, and pages that are open ask again and again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._responses: OrderedDict[_Key, Responses] = OrderedDict()
        self._shown: OrderedDict[_Key, Shown] = OrderedDict()

    def get(self, snapshot: Connection, source_id: SourceId, length_ns: int, until_ns: int | None) -> Shown | None:
        """The noise until a time, or until the last day that has some; None where no day has."""
        last_ns, tag = metric_pages.noise_tag(snapshot, source_id)
        if last_ns is None:
            return None
        end_ns = last_ns + _DAY_NS if until_ns is None else until_ns
        documents = metric_pages.documents_tag(snapshot)
        key = str(source_id), tag, documents, str(length_ns), str(end_ns)
        with self._lock:
            if key not in self._shown:
                responses = self._responses_of(snapshot, source_id.station_id, documents)
                self._shown[key] = _shown(snapshot, source_id, responses, end_ns - length_ns, end_ns)
            for kept in (self._shown, self._responses):
                while len(kept) > _N_KEPT:
                    kept.popitem(last=False)
            return self._shown[key]

    def _responses_of(self, snapshot: Connection, station_id: str, documents: str) -> Responses:
        key = station_id, documents
        if key not in self._responses:
            self._responses[key] = Responses(metric_pages.station_inventory(snapshot, station_id))
        return self._responses[key]


@blueprint.get("/noise/<channel_id>")
@revalidated
def channel(channel_id: str) -> Response:
    """The picture, and a table of percentiles."""
    span = reading.one_of("range", RANGES, "30d")
    evaluated_ns = reading.read(queries.newest_evaluation_ns)
    source_id = reading.source_id(channel_id)
    shown = _asked(source_id, span) if source_id else None
    if source_id is None or (shown is None and not _is_known(source_id)):
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    return pages.rendered(
        "noise.html",
        evaluated_ns=evaluated_ns,
        source_id=source_id,
        shown=shown,
        rows=shown.rows[::_EVERY] if shown else [],
        span=span,
        ranges=RANGES,
        spectra=spectra,
    )


@blueprint.get("/api/v1/noise/<channel_id>")
@revalidated
@answers(NoiseTable)
def api_noise(channel_id: str) -> NoiseTable | Response:
    """Percentiles by period as JSON or CSV, or the picture as SVG."""
    reading.only("range", "until", "format")
    span = reading.one_of("range", RANGES, "30d")
    layout = reading.one_of("format", ("json", "csv", "svg"), "json")
    source_id = reading.source_id(channel_id)
    shown = _asked(source_id, span) if source_id else None
    if shown is None or source_id is None:
        return api.failure(404, f"{channel_id}: the database has no noise of this channel")
    rows = shown.rows
    if layout == "csv":
        return api.sheet(f"noise-{source_id}", columns(NoiseRow), rows)
    if layout == "svg":
        if shown.picture is None:
            return api.failure(404, f"{channel_id}: {shown.noise.remark}")
        return Response(render_template("noise.svg", shown=shown, spectra=spectra), mimetype="image/svg+xml")
    since, until = format_ns(shown.since_ns), format_ns(shown.until_ns)
    return {"noise": rows, "since": since, "until": until, "remark": shown.noise.remark}


def _asked(source_id: SourceId, span: str) -> Shown | None:
    drawn: Drawn = current_app.extensions["noise"]
    until_ns = reading.time("until")
    return reading.read(lambda snapshot: drawn.get(snapshot, source_id, RANGES[span], until_ns))


def _shown(snapshot: Connection, source_id: SourceId, responses: Responses, since_ns: int, until_ns: int) -> Shown:
    found = stored_noise(source_id, snapshot, responses, start_ns=since_ns, end_ns=until_ns)
    picture = None if found.noise is None else spectra.spectra(found.noise)
    return Shown(source_id, since_ns, until_ns, found, found.rows(), picture)


def _is_known(source_id: SourceId) -> bool:
    detail = reading.read(lambda snapshot: queries.station(snapshot, source_id.station_id))
    return detail is not None and str(source_id) in {each.source_id for each in detail.channels}
