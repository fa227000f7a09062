"""A day of a channel in lines of an hour, filtered as a whole."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from flask import Blueprint, Response, current_app, request

from database import queries
from houfeng.bandpass import Passband
from houfeng.envelopes import Envelope, Floats
from houfeng.times import NS_PER_S, format_ns, now_ns
from houfeng.types import SourceId
from webui import drawing, pages, reading, waveforms
from webui.caching import revalidated
from webui.language import gettext
from webui.reading import ParameterError

blueprint = Blueprint("drums", __name__)

_HOUR_NS = 3600 * NS_PER_S
N_LINES = 24
LENGTH_NS = N_LINES * _HOUR_NS
# Columns of a line, each of 4 s, and the height of one in the picture's own measure.
N_COLUMNS, LINE = 900, 40
# Of the columns' amplitudes the median, so many times, is half a line: noise fills a quarter of it.
_AUTO = 4.0
# 0.3 MB each.
_N_KEPT = 32
CLIPS = ("100", "1000", "10000", "100000", "1000000")


@dataclass(frozen=True, slots=True)
class Drum:
    """A day of a channel.

    Parameters
    ----------
    start_ns : of the first line, ns UTC
    path, cut : `d` of SVG paths in a box of N_COLUMNS times N_LINES * LINE: columns as they are, and those that were
        larger than half a line
    clip : counts that half a line is
    lines : when each line begins, and its largest amplitude about its own middle, None where it has no sample
    """

    start_ns: int
    path: str
    cut: str
    clip: float
    lines: tuple[tuple[int, float | None], ...]


class Drums:
    """Those made last: one of 100 Hz takes half a second, and pages that are open ask again and again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: OrderedDict[tuple[object, ...], Drum] = OrderedDict()

    def get(self, source_id: SourceId, end_ns: int, band: Passband | None, clip: float | None) -> Drum:
        """The 24 hours until a time, ns UTC; of a day that goes on at most a minute old."""
        now = now_ns()
        start_ns = end_ns - LENGTH_NS
        seen: object = now // (60 * NS_PER_S)
        if end_ns < now:
            first_ns = start_ns if band is None else start_ns - band.pad_ns
            seen = waveforms.traces().signature(source_id, first_ns, end_ns)
        key = source_id, end_ns, band, clip, seen
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        made = drum(waveforms.traces().envelope(source_id, start_ns, end_ns, N_LINES * N_COLUMNS, band), clip)
        with self._lock:
            self._made[key] = made
            while len(self._made) > _N_KEPT:
                self._made.popitem(last=False)
        return made


def drum(found: Envelope, clip: float | None) -> Drum:
    """Draw a day.

    Parameters
    ----------
    found : of N_LINES * N_COLUMNS columns
    clip : counts that half a line is; None takes what suits the noise
    """
    lines = [_line(found, n) for n in range(N_LINES)]
    centres = [_centre(line) for line in lines]
    sizes = [_sizes(line, centre) for line, centre in zip(lines, centres, strict=True)]
    if clip is None:
        known = np.concatenate([size[line.n_samples > 0] for size, line in zip(sizes, lines, strict=True)])
        clip = float(np.median(known)) * _AUTO if known.size else 0.0
        clip = clip or 1.0
    scale = LINE / 2 / clip
    paths: dict[bool, list[str]] = {False: [], True: []}
    for n, (line, centre, size) in enumerate(zip(lines, centres, sizes, strict=True)):
        high = centre + (n + 0.5) * LINE / scale
        low, top = (np.clip(each, centre - clip, centre + clip) for each in (line.low, line.high))
        for is_cut in paths:
            shown = np.where((size > clip) == is_cut, line.n_samples, 0)
            part = replace(line, low=np.where(shown, low, np.nan), high=np.where(shown, top, np.nan), n_samples=shown)
            paths[is_cut].append(drawing.columns(part, 0.5, 1.0, high, scale))
    largest = (float(np.max(size[line.n_samples > 0], initial=0)) for size, line in zip(sizes, lines, strict=True))
    starts = [
        (line.start_ns, size if line.n_samples.any() else None) for line, size in zip(lines, largest, strict=True)
    ]
    return Drum(found.start_ns, "".join(paths[False]), "".join(paths[True]), clip, tuple(starts))


@blueprint.get("/drum/<channel_id>")
@revalidated
def channel(channel_id: str) -> Response:
    """The 24 hours until `end`, or the last ones."""
    source_id = reading.source_id(channel_id)
    if source_id is None:
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    band, clip = waveforms.band_asked(), _clip()
    _, end_ns, is_live = waveforms.span_asked(source_id, LENGTH_NS)
    end_ns = -(-end_ns // _HOUR_NS) * _HOUR_NS
    detail = reading.read(lambda snapshot: queries.station(snapshot, source_id.station_id))
    drums: Drums = current_app.extensions["drums"]
    drawn = drums.get(source_id, end_ns, band, clip)
    siblings = sorted(SourceId.parse(each.source_id) for each in detail.channels) if detail else []
    if not (drawn.path or drawn.cut or waveforms.is_known(source_id, siblings)):
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    return pages.rendered(
        "drum.html",
        source_id=source_id,
        siblings=siblings,
        evaluated_ns=detail.station.evaluated_ns if detail else None,
        drawn=drawn,
        end_ns=end_ns,
        length_ns=LENGTH_NS,
        is_live=is_live,
        band=band,
        bands=waveforms.BANDS,
        clips=CLIPS,
        n_columns=N_COLUMNS,
        n_lines=N_LINES,
        line=LINE,
        format_ns=format_ns,
    )


def _clip() -> float | None:
    text = request.args.get("clip")
    if not text:
        return None
    try:
        clip = float(text)
    except ValueError:
        clip = float("nan")
    if not 1e-9 <= clip <= 1e15:
        raise ParameterError(f"clip: counts that half a line is are needed, more than 0, {text[:40]!r} came")
    return clip


def _line(found: Envelope, n: int) -> Envelope:
    part = slice(n * N_COLUMNS, (n + 1) * N_COLUMNS)
    start_ns = found.start_ns + n * N_COLUMNS * found.step_ns
    return Envelope(start_ns, found.step_ns, found.low[part], found.high[part], found.n_samples[part])


def _centre(line: Envelope) -> float:
    has = line.n_samples > 0
    return float(np.median((line.low[has] + line.high[has]) / 2)) if has.any() else 0.0


def _sizes(line: Envelope, centre: float) -> Floats:
    """How far each column reaches from the middle; NaN where it has no sample."""
    return np.asarray(np.maximum(line.high - centre, centre - line.low))
