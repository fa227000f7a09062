"""The table that fdsnws-availability answers with: what a server says it holds."""

from __future__ import annotations

from acquisition.fdsn.rules import Reply
from houfeng.errors import SourceIdError
from houfeng.times import parse_ns, samples_ns
from houfeng.types import Gap, SourceId

_COLUMNS = ("network", "station", "location", "channel", "earliest", "latest")


def listed(reply: Reply) -> list[Gap]:
    """Spans of data in an answer; none where the service is not offered or its answer is no such table.

    References
    ----------
    FDSN Web Service availability 1.0 (2019), section "Text format".
    """
    if reply.status != 200 or reply.fault:
        return []
    header, *rows = reply.body.decode("utf-8", "replace").splitlines() or [""]
    names = header.lstrip("#").lower().split()
    if not header.startswith("#") or not set(_COLUMNS) <= set(names):
        return []
    spans: list[Gap] = []
    for row in rows:
        words = dict(zip(names, row.split(), strict=False))
        try:
            network, station, location, channel, earliest, latest = (words[name] for name in _COLUMNS)
            source_id = SourceId(network, station, location.replace("--", ""), channel)
            rate_hz = float(words.get("samplerate", 0))
            # the latest time is that of a sample, which lasts until the next
            last_ns = samples_ns(1, rate_hz) if rate_hz > 0 else 0
            spans.append(Gap(source_id, parse_ns(earliest), parse_ns(latest) + last_ns))
        except (KeyError, ValueError, SourceIdError):
            continue  # a list that is partly unreadable proves nothing about the rest of it
    return spans
