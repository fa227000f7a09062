"""How much of the time asked for the archive has, by channel, station, network and country: from spans, exactly.

A hole of less than half a sampling interval is none, as everywhere in this house.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby, pairwise
from typing import TypedDict, cast

from sqlalchemy import Connection, func, select

from acquisition.spans import is_hole
from database import tables
from houfeng.shape_types import Time, flat
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import SourceId, Span

_DAY_NS = 86_400 * NS_PER_S
WINDOWS_NS = {"1h": 3600 * NS_PER_S, "24h": _DAY_NS, "30d": 30 * _DAY_NS, "1y": 365 * _DAY_NS}
# Three times as long as the archive is looked through by default.
_LONG_NS = 900 * NS_PER_S
# So many channels are asked for by name: a station's of a thousand took a second without.
_FEW = 500
LEVELS = ("channel", "station", "network", "country")


@flat({f"percent_{window}": float | None for window in WINDOWS_NS})
class AvailabilityRow(TypedDict):
    """How much of its time is archived, by window."""

    level: str
    name: str
    n_channels: int
    since: Time
    num_gaps_1y: int
    max_gap_s: float


@dataclass(frozen=True, slots=True)
class Availability:
    """One channel, or many together.

    Parameters
    ----------
    level : a member of LEVELS
    name : NET.STA.LOC.CHA, NET.STA, NET, or a country's two letters ("" where none is known)
    n_channels : of which it is made
    since_ns : of its first sample, ns UTC
    covered_ns, asked_ns : by window; asked for is a window from the first sample of each channel on
    num_gaps, max_gap_ns : in the longest window
    """

    level: str
    name: str
    n_channels: int
    since_ns: int
    covered_ns: Mapping[str, int]
    asked_ns: Mapping[str, int]
    num_gaps: int
    max_gap_ns: int

    def percent(self, window: str) -> float | None:
        """Share of the time that was asked for, %; None where none was."""
        asked_ns = self.asked_ns[window]
        return 100 * self.covered_ns[window] / asked_ns if asked_ns else None

    def row(self) -> AvailabilityRow:
        """For tables."""
        shares = {window: self.percent(window) for window in WINDOWS_NS}
        row = {
            "level": self.level,
            "name": self.name,
            "n_channels": self.n_channels,
            "since": format_ns(self.since_ns, digits=0),
            **{f"percent_{window}": None if share is None else round(share, 4) for window, share in shares.items()},
            "num_gaps_1y": self.num_gaps,
            "max_gap_s": self.max_gap_ns / NS_PER_S,
        }
        return cast("AvailabilityRow", row)


def availability(connection: Connection, end_ns: int, patterns: Sequence[str] = ()) -> list[Availability]:
    """Every channel that ever sent, and the stations, networks and countries that they make.

    Parameters
    ----------
    end_ns : of the windows, ns UTC
    patterns : of NET.STA.LOC.CHA; none for all streams

    Returns
    -------
    rows : by level, then name; what is made of several has their times summed up: each channel counts alike
    """
    span = tables.span.c
    first = select(span.source_id, func.min(span.start_ns)).group_by(span.source_id)
    since = {name: first_ns for name, first_ns in connection.execute(first)}
    known = {
        SourceId.parse(name): first_ns
        for name, first_ns in since.items()
        if first_ns < end_ns and (not patterns or any(fnmatchcase(name, pattern) for pattern in patterns))
    }
    found = {source_id: _channel([], first_ns, end_ns) for source_id, first_ns in known.items()}
    few = [str(source_id) for source_id in known] if len(known) <= _FEW else None
    for source_id, spans in _spans(connection, end_ns - max(WINDOWS_NS.values()), end_ns, few):
        if source_id in known:
            found[source_id] = _channel(spans, known[source_id], end_ns)
    site = tables.site.c
    of_sites = connection.execute(select(site.station_id, site.country))
    countries = {station_id: country for station_id, country in of_sites}
    groups: dict[tuple[int, str], list[Availability]] = {}
    for source_id, one in sorted(found.items()):
        names = (str(source_id), source_id.station_id, source_id.network, countries.get(source_id.station_id, ""))
        for level, name in enumerate(names):
            groups.setdefault((level, name), []).append(one)
    return [_together(LEVELS[level], name, each) for (level, name), each in sorted(groups.items())]


def _spans(
    connection: Connection, start_ns: int, end_ns: int, names: Sequence[str] | None
) -> Iterator[tuple[SourceId, list[Span]]]:
    span = tables.span.c
    query = select(span.source_id, span.start_ns, span.end_ns, span.sample_rate_hz)
    # A record that reaches into the window may lie in the day before.
    query = query.where(span.day_ns >= start_ns - 2 * _DAY_NS, span.start_ns < end_ns, span.end_ns > start_ns - _DAY_NS)
    if names is not None:
        query = query.where(span.source_id.in_(names))
    rows = connection.execute(query.order_by(span.source_id, span.day_ns, span.start_ns))
    for name, its in groupby(rows, key=lambda row: row.source_id):
        yield SourceId.parse(name), sorted(Span(*row[1:]) for row in its)


def _channel(spans: Sequence[Span], since_ns: int, end_ns: int) -> Availability:
    known = joined(spans)
    covered_ns, asked_ns = {}, {}
    for window, length_ns in WINDOWS_NS.items():
        start_ns = max(end_ns - length_ns, since_ns)
        asked_ns[window] = max(end_ns - start_ns, 0)
        covered_ns[window] = sum(max(min(last, end_ns) - max(first, start_ns), 0) for first, last in known)
    start_ns = end_ns - max(WINDOWS_NS.values())
    pairs = pairwise(known)
    gaps_ns = [after[0] - before[1] for before, after in pairs if after[0] > start_ns]
    return Availability("channel", "", 1, since_ns, covered_ns, asked_ns, len(gaps_ns), max(gaps_ns, default=0))


def joined(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Times that spans cover, by time: when they begin and end, ns UTC. The spans are by time, too."""
    found: list[tuple[int, int]] = []
    for span in spans:
        if found and not is_hole(span.start_ns - found[-1][1], span.sample_rate_hz):
            found[-1] = found[-1][0], max(found[-1][1], span.end_ns)
        else:
            found.append((span.start_ns, span.end_ns))
    return found


def looked_until_ns(connection: Connection, now_ns: int) -> int:
    """Until when the archive was looked through, ns UTC: its newest sample, or now where that is long ago.

    What came since is archived, but not in the database yet: until now, every station would miss some minutes.
    """
    span = tables.span.c
    newest_ns: int | None = connection.scalar(
        select(func.max(span.end_ns)).where(span.day_ns >= now_ns - 2 * _DAY_NS, span.end_ns <= now_ns)
    )
    return now_ns if newest_ns is None or now_ns - newest_ns > _LONG_NS else newest_ns


def _together(level: str, name: str, each: Sequence[Availability]) -> Availability:
    return Availability(
        level,
        name,
        len(each),
        min(one.since_ns for one in each),
        {window: sum(one.covered_ns[window] for one in each) for window in WINDOWS_NS},
        {window: sum(one.asked_ns[window] for one in each) for window in WINDOWS_NS},
        sum(one.num_gaps for one in each),
        max(one.max_gap_ns for one in each),
    )
