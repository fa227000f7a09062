"""Archived waveforms: least and greatest samples for programs, and a picture of a channel to move about in."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from database import queries
from houfeng import __version__
from houfeng.bandpass import Passband, parse
from houfeng.envelopes import Envelope, Floats
from houfeng.errors import WindowError
from houfeng.shape_types import Time
from houfeng.times import NS_PER_S, format_ns, now_ns
from houfeng.traces import Traces
from houfeng.types import SourceId
from webui import drawing, pages, reading
from webui.caching import labelled, revalidated
from webui.language import gettext
from webui.reading import ParameterError
from webui.schemas import answers

blueprint = Blueprint("waveforms", __name__)

_DAY_NS = 86_400 * NS_PER_S
MAX_NS, MAX_FILTERED_NS = 31 * _DAY_NS, 2 * _DAY_NS
_MAX_WIDTH = 10_000
SPANS = {"1min": 60, "10min": 600, "1h": 3600, "6h": 21_600, "24h": 86_400, "7d": 604_800}
_SHOWN_NS = 600 * NS_PER_S
_LEAST_NS = NS_PER_S // 100
BANDS = ("0.02-0.1", "0.5-5", "1-10", "2-20")
_N_MARKS = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """A pick or an event in a picture: where, percent of the width; `event_id` is whose page to open, if any."""

    percent: float
    label: str
    t_ns: int
    event_id: str | None
    channel: str = ""


class EnvelopeShape(TypedDict):
    """Least and greatest sample of each column of `step_s` seconds, in `unit`; null where a column has none."""

    channel: str
    start: Time
    end: Time
    step_s: float
    filter: str | None
    unit: str
    min: list[float | None]
    max: list[float | None]
    n_samples: list[int]


def traces() -> Traces:
    """Of the application's archive."""
    found: Traces = current_app.extensions["traces"]
    return found


def band_asked() -> Passband | None:
    """The band that the request wants, None for none."""
    text = request.args.get("filter")
    if not text:
        return None
    try:
        return parse(text)
    except WindowError as error:
        raise ParameterError(f"filter: {error}") from None


def check_span(start_ns: int, end_ns: int, most_ns: int) -> None:
    """Refuse times that are not one after the other, or too far apart."""
    if end_ns - start_ns < _LEAST_NS:
        said = f"{format_ns(end_ns)} came, start is {format_ns(start_ns)}"
        raise ParameterError(f"end: a time of 0.01 s or more after start is needed, {said}")
    if end_ns - start_ns > most_ns:
        said = f"{(end_ns - start_ns) / _DAY_NS:.1f} came"
        raise ParameterError(f"end: at most {most_ns // _DAY_NS} days after start are needed, {said}")


def of_files(view: Callable[[SourceId, int, int, Passband | None], Response]) -> Callable[[], Response]:
    """An answer of `nslc`, `start`, `end` and `filter`; 304 to who has it, as long as the files did not change."""

    @functools.wraps(view)
    def answer() -> Response:
        source_id = reading.source_id(request.args.get("nslc") or "")
        if source_id is None:
            came = request.args.get("nslc")
            raise ParameterError(f"nslc: a channel NET.STA.LOC.CHA is needed, {came!r} came")
        start_ns, end_ns = (_needed(name) for name in ("start", "end"))
        band = band_asked()
        check_span(start_ns, end_ns, MAX_NS if band is None else MAX_FILTERED_NS)
        first_ns = start_ns if band is None else start_ns - band.pad_ns
        seen = traces().signature(source_id, first_ns, end_ns), request.full_path, __version__
        tag = hashlib.sha256(repr(seen).encode()).hexdigest()[:20]
        if request.if_none_match.contains_weak(tag):
            return labelled(Response(status=304), tag)
        return labelled(view(source_id, start_ns, end_ns, band), tag)

    return answer


@blueprint.get("/api/v1/envelope")
@of_files
@answers(EnvelopeShape)
def api_envelope(source_id: SourceId, start_ns: int, end_ns: int, band: Passband | None) -> EnvelopeShape:
    """Least and greatest sample of each column, counts; null where a column has none."""
    reading.only("nslc", "start", "end", "width", "filter")
    width = _width()
    found = traces().envelope(source_id, start_ns, end_ns, width, band)
    return {
        "channel": str(source_id),
        "start": format_ns(found.start_ns, digits=9),
        "end": format_ns(found.end_ns, digits=9),
        "step_s": found.step_ns / NS_PER_S,
        "filter": None if band is None else str(band),
        "unit": "counts",
        "min": _values(found, found.low),
        "max": _values(found, found.high),
        "n_samples": found.n_samples.tolist(),
    }


@blueprint.get("/waveforms/<channel_id>")
@revalidated
def channel(channel_id: str) -> Response:
    """A channel's waveform with picks and events; `start` and `end` say what is shown, else the last ten minutes."""
    source_id = reading.source_id(channel_id)
    if source_id is None:
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    band = band_asked()
    start_ns, end_ns, is_live = span_asked(source_id, _SHOWN_NS)
    check_span(start_ns, end_ns, MAX_NS if band is None else MAX_FILTERED_NS)
    known = reading.read(lambda snapshot: _known(snapshot, source_id, start_ns, end_ns))
    drawn = drawing.trace(traces(), source_id, start_ns, end_ns, band)
    if not drawn.path and not is_known(source_id, known["siblings"]):
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    return pages.rendered(
        "waveform.html",
        **known,
        source_id=source_id,
        drawn=drawn,
        band=band,
        bands=BANDS,
        spans=SPANS,
        is_live=is_live,
        length_ns=end_ns - start_ns,
        ticks=drawing.ticks(start_ns, end_ns),
        drawing=drawing,
        format_ns=format_ns,
    )


def span_asked(source_id: SourceId, shown_ns: int) -> tuple[int, int, bool]:
    """What the request wants to see, ns UTC, and whether that is what comes in now.

    Without `end`, until now, or, of a channel that sends no more, until its last sample.
    """
    start_ns, end_ns = reading.time("start"), reading.time("end")
    is_live = start_ns is None and end_ns is None
    if end_ns is None:
        end_ns = start_ns + shown_ns if start_ns is not None else _newest_ns(source_id, shown_ns)
    return (end_ns - shown_ns if start_ns is None else start_ns), end_ns, is_live


def is_known(source_id: SourceId, siblings: Collection[SourceId]) -> bool:
    """Whether a channel has a status or is in the archive."""
    return source_id in siblings or traces().newest_ns(source_id) is not None


def marks(snapshot: Connection, station_id: str, start_ns: int, end_ns: int) -> dict[str, list[Mark]]:
    """Picks of a station and events between two times."""
    picks = queries.picks(snapshot, station_id=station_id, since_ns=start_ns, until_ns=end_ns, limit=_N_MARKS)
    events = queries.events(snapshot, since_ns=start_ns - 60 * NS_PER_S, until_ns=end_ns, limit=_N_MARKS)
    times_ns = [(event, event.origin.time_ns if event.origin else event.first_onset_ns) for event in events]

    def at(t_ns: int) -> float:
        return drawing.percent(t_ns, start_ns, end_ns)

    return {
        "picks": [
            Mark(at(row.pick.onset_ns), row.pick.phase, row.pick.onset_ns, row.event_id, row.pick.source_id.channel)
            for row in picks
        ],
        "events": [
            Mark(at(t_ns), event.origin.region if event.origin else "", t_ns, event.public_id)
            for event, t_ns in times_ns
            if start_ns <= t_ns < end_ns
        ],
    }


def _known(snapshot: Connection, source_id: SourceId, start_ns: int, end_ns: int) -> dict[str, Any]:
    detail = queries.station(snapshot, source_id.station_id, seen_at_ns=now_ns())
    siblings = sorted(SourceId.parse(each.source_id) for each in detail.channels) if detail else []
    return {
        "siblings": siblings,
        "evaluated_ns": detail.station.evaluated_ns if detail else None,
        **marks(snapshot, source_id.station_id, start_ns, end_ns),
    }


def _newest_ns(source_id: SourceId, shown_ns: int) -> int:
    now = now_ns() // NS_PER_S * NS_PER_S
    newest_ns = traces().newest_ns(source_id)
    return now if newest_ns is None or newest_ns > now - shown_ns else newest_ns


def _needed(name: str) -> int:
    found = reading.time(name)
    if found is None:
        raise ParameterError(f"{name}: a time such as 2026-01-31T12:00:00Z is needed, none came")
    return found


def _width() -> int:
    text = request.args.get("width") or "1000"
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or not 0 < int(text) <= _MAX_WIDTH:
        raise ParameterError(f"width: 1 to {_MAX_WIDTH} columns are needed, {text!r} came")
    return int(text)


def _values(found: Envelope, values: Floats) -> list[float | None]:
    """Whole counts as they are, others to seven digits; None where a column has no sample."""
    whole = np.nan_to_num(values)
    listed: list[float] = whole.astype(np.int64).tolist() if (whole == np.rint(whole)).all() else whole.tolist()
    pairs = zip(listed, found.n_samples.tolist(), strict=True)
    return [(each if isinstance(each, int) else float(f"{each:.7g}")) if n else None for each, n in pairs]
