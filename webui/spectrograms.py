"""Spectrograms: a picture by the server, its axes, and the scale of its colours."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TypedDict

import numpy as np
from flask import Blueprint, Response, current_app, url_for
from sqlalchemy import Connection

from database import metric_pages, queries
from houfeng.bandpass import Passband
from houfeng.errors import InventoryError
from houfeng.shape_types import Time
from houfeng.spectrogram import Spectrogram, spectrogram
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import SourceId
from stations.responsexml import Responses
from webui import api, drawing, pages, png, reading, waveforms
from webui.caching import revalidated
from webui.language import gettext
from webui.schemas import answers

blueprint = Blueprint("spectrograms", __name__)

_SHOWN_NS = 600 * NS_PER_S
# Two days of 100 Hz are 17 million samples.
MAX_NS = 2 * 86_400 * NS_PER_S
SPANS = {"1min": 60, "10min": 600, "1h": 3600, "6h": 21_600, "24h": 86_400}
N_ROWS, HEIGHT = 256, 320
_N_KEPT = 16
_STEP_DB = 5.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A spectrogram that was drawn.

    Parameters
    ----------
    found : the numbers; None where no window fits between gaps
    low_db, high_db : of the scale
    content : PNG, the highest frequency on top
    remark : why it is not of the ground; "" where it is
    """

    found: Spectrogram | None
    low_db: float
    high_db: float
    content: bytes
    remark: str


class SpectrogramShape(TypedDict):
    """Levels by frequency, then by window, in `unit`; null where a window does not fit between gaps."""

    channel: str
    start: Time
    end: Time
    unit: str
    remark: str
    window_s: float
    frequency_hz: list[float]
    level_db: list[list[float | None]]


class Pictures:
    """Those made last: the page wants the scale, and then the picture."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: OrderedDict[tuple[object, ...], Picture] = OrderedDict()

    def get(self, snapshot: Connection, source_id: SourceId, start_ns: int, end_ns: int) -> Picture:
        """The picture of a channel between two times, ns UTC."""
        seen = waveforms.traces().signature(source_id, start_ns, end_ns), metric_pages.documents_tag(snapshot)
        key = source_id, start_ns, end_ns, seen
        with self._lock:
            if key not in self._made:
                self._made[key] = _made(snapshot, source_id, start_ns, end_ns)
            self._made.move_to_end(key)
            while len(self._made) > _N_KEPT:
                self._made.popitem(last=False)
            return self._made[key]


@blueprint.get("/spectrogram/<channel_id>")
@revalidated
def channel(channel_id: str) -> Response:
    """Of a time in the address, else of the last ten minutes."""
    source_id = reading.source_id(channel_id)
    if source_id is None:
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    start_ns, end_ns, is_live = waveforms.span_asked(source_id, _SHOWN_NS)
    waveforms.check_span(start_ns, end_ns, MAX_NS)
    detail = reading.read(lambda snapshot: queries.station(snapshot, source_id.station_id))
    siblings = sorted(SourceId.parse(each.source_id) for each in detail.channels) if detail else []
    made = _get(source_id, start_ns, end_ns)
    if made.found is None and not waveforms.is_known(source_id, siblings):
        return pages.failure(404, gettext("There is no channel %(id)s.", id=channel_id))
    start, end = format_ns(start_ns, digits=9), format_ns(end_ns, digits=9)
    # another response makes another picture of the same records
    documents = reading.read(metric_pages.documents_tag)
    return pages.rendered(
        "spectrogram.html",
        source_id=source_id,
        siblings=siblings,
        evaluated_ns=detail.station.evaluated_ns if detail else None,
        made=made,
        address=url_for("spectrograms.api_spectrogram", nslc=str(source_id), start=start, end=end, documents=documents),
        frequencies=_frequencies(made.found),
        legend=png.colours(64),
        start_ns=start_ns,
        end_ns=end_ns,
        length_ns=end_ns - start_ns,
        is_live=is_live,
        spans=SPANS,
        ticks=drawing.ticks(start_ns, end_ns),
        height=HEIGHT,
        format_ns=format_ns,
    )


@blueprint.get("/api/v1/spectrogram")
@waveforms.of_files
@answers(SpectrogramShape)
def api_spectrogram(
    source_id: SourceId, start_ns: int, end_ns: int, band: Passband | None
) -> SpectrogramShape | Response:
    """The picture alone, as PNG; or with `format=json` its numbers."""
    reading.only("nslc", "start", "end", "format", "documents")
    waveforms.check_span(start_ns, end_ns, MAX_NS)
    layout = reading.one_of("format", ("png", "json"), "png")
    made = _get(source_id, start_ns, end_ns)
    if made.found is None:
        return api.failure(404, f"{source_id}: the archive has no stretch of this time that a window fits into")
    if layout == "png":
        return Response(made.content, mimetype="image/png")
    rows = np.round(made.found.levels_db, 2)
    return {
        "channel": str(source_id),
        "start": format_ns(start_ns, digits=9),
        "end": format_ns(end_ns, digits=9),
        "unit": "dB re 1 (m/s^2)^2/Hz" if made.found.is_ground else "dB re 1 count^2/Hz",
        "remark": made.remark,
        "window_s": made.found.window_s,
        "frequency_hz": made.found.frequencies_hz.tolist(),
        "level_db": [[None if np.isnan(each) else each for each in row] for row in rows.tolist()],
    }


def _get(source_id: SourceId, start_ns: int, end_ns: int) -> Picture:
    pictures: Pictures = current_app.extensions["spectrograms"]
    return reading.read(lambda snapshot: pictures.get(snapshot, source_id, start_ns, end_ns))


def _made(snapshot: Connection, source_id: SourceId, start_ns: int, end_ns: int) -> Picture:
    response, remark = None, ""
    try:
        response = Responses(metric_pages.station_inventory(snapshot, source_id.station_id)).at(source_id, start_ns)
    except InventoryError as error:
        remark = str(error)
    stretches = waveforms.traces().stretches(source_id, start_ns, end_ns)
    found = spectrogram(stretches, start_ns, end_ns, response)
    if found is None:
        return Picture(None, 0.0, 1.0, b"", remark)
    low, high = np.nanpercentile(found.levels_db, [5, 99.5])
    low, high = np.floor(low / _STEP_DB) * _STEP_DB, np.ceil(high / _STEP_DB) * _STEP_DB
    high = max(high, low + _STEP_DB)
    content = png.picture(_rows(found.levels_db)[::-1], float(low), float(high))
    return Picture(found, float(low), float(high), content, remark)


def _rows(levels_db: np.ndarray) -> np.ndarray:
    """At most N_ROWS rows: of more the greatest of each group, so that no line of a machine is lost."""
    n = -(-len(levels_db) // N_ROWS)
    if n == 1:
        return levels_db
    return np.asarray(np.fmax.reduceat(levels_db, np.arange(0, len(levels_db), n), axis=0))


def _frequencies(found: Spectrogram | None) -> list[tuple[float, str]]:
    """Labels of the axis: percent from the top, and Hz."""
    if found is None:
        return []
    most_hz = found.rate_hz / 2
    step_hz = next(
        step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 1e4) if most_hz / step <= 8
    )
    return [
        (round(100 * (1 - n * step_hz / most_hz), 2), f"{n * step_hz:g}") for n in range(1, int(most_hz / step_hz) + 1)
    ]
