"""The wall: the last minutes of some channels one above the other, brought up to date with the page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from database import metric_pages, queries
from houfeng.bandpass import Passband
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from webui import drawing, pages, reading, waveforms
from webui.caching import revalidated
from webui.reading import ParameterError

blueprint = Blueprint("walls", __name__)

SPANS = {"1min": 60, "5min": 300, "30min": 1800, "2h": 7200}
MAX_CHANNELS, _N_DEFAULT = 30, 8
# What is this late has stopped: records of slow channels take half a minute to fill.
STALE_NS = 60 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Row:
    """A channel of the wall.

    Parameters
    ----------
    earlier, later : the channels of the wall with this one moved up, and down; None at the ends
    without : the channels of the wall without this one
    is_stale : whether its last sample is old, or there is none
    """

    source_id: SourceId
    drawn: drawing.Trace
    earlier: str | None
    later: str | None
    without: str
    is_stale: bool


@blueprint.get("/wall")
@revalidated
def index() -> Response:
    """Channels of the address, in its order; without one the first vertical channel of some stations."""
    span = reading.one_of("span", SPANS, "5min")
    band = waveforms.band_asked()
    known, evaluated_ns = reading.read(_known)
    chosen = _chosen(known)
    end_ns = now_ns() // NS_PER_S * NS_PER_S
    start_ns = end_ns - SPANS[span] * NS_PER_S
    rows = [_row(chosen, n, start_ns, end_ns, band) for n in range(len(chosen))]
    return pages.rendered(
        "wall.html",
        rows=rows,
        known=[each for each in known if each not in chosen],
        channels=",".join(map(str, chosen)),
        span=span,
        spans=SPANS,
        band=band,
        bands=waveforms.BANDS,
        most=MAX_CHANNELS,
        ticks=drawing.ticks(start_ns, end_ns, 6),
        drawing=drawing,
        evaluated_ns=evaluated_ns,
    )


@blueprint.get("/wall/add")
def add() -> BaseResponse:
    """The wall with another channel at its end: a form sends the two apart."""
    names = [*filter(None, (request.args.get("channels"), request.args.get("add")))]
    kept = {name: request.args.get(name) or None for name in ("span", "filter")}
    return redirect(url_for("walls.index", channels=",".join(names) or None, span=kept["span"], filter=kept["filter"]))


def _known(snapshot: Connection) -> tuple[list[SourceId], int | None]:
    return metric_pages.channels(snapshot), queries.newest_evaluation_ns(snapshot)


def _chosen(known: list[SourceId]) -> list[SourceId]:
    text = request.args.get("channels")
    if not text:
        first = {each.station_id: each for each in reversed(known) if each.channel.endswith("Z")}
        return sorted(first.values())[:_N_DEFAULT]
    found = [reading.source_id(name) for name in dict.fromkeys(text.split(","))]
    channels = [each for each in found if each is not None]
    if len(channels) < len(found) or len(channels) > MAX_CHANNELS:
        raise ParameterError(
            f"channels: 1 to {MAX_CHANNELS} NET.STA.LOC.CHA with commas are needed, {text[:200]!r} came"
        )
    return channels


def _row(chosen: list[SourceId], n: int, start_ns: int, end_ns: int, band: Passband | None) -> Row:
    drawn = drawing.trace(waveforms.traces(), chosen[n], start_ns, end_ns, band)
    return Row(
        chosen[n],
        drawn,
        _swapped(chosen, n - 1) if n > 0 else None,
        _swapped(chosen, n) if n + 1 < len(chosen) else None,
        ",".join(str(each) for each in chosen if each != chosen[n]),
        drawn.last_ns is None or end_ns - drawn.last_ns > STALE_NS,
    )


def _swapped(chosen: list[SourceId], n: int) -> str:
    """The channels with one and the next the other way round."""
    return ",".join(map(str, [*chosen[:n], chosen[n + 1], chosen[n], *chosen[n + 2 :]]))
