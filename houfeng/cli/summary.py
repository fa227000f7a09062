"""What a download brought, in a few lines for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from acquisition.backfill import Filled
from acquisition.fdsn.coverage import join
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import Gap

# So many gaps are listed for each reason; the rest is counted.
_MAX_LISTED = 10


def summarise(wanted: Iterable[Gap], filled: Filled, root: Path) -> str:
    """What came and what is missing, by station and reason."""
    lines = [
        f"{root}: {_duration(filled.came_s)} came ({filled.n_records} records, {filled.n_bytes / 1e6:.1f} MB, "
        f"{filled.n_requests} requests), {_duration(filled.present_s)} were there, "
        f"of {_duration(filled.wanted_s)} (summed over the channels)"
    ]
    wanted_ns, open_ns = _by_station(wanted), _by_station(filled.still_open)
    for station_id, length_ns in wanted_ns.items():
        share = 1 - open_ns.get(station_id, 0) / length_ns
        # 99.96 % must not be shown as all
        lines.append(f"  {station_id:10} {int(share * 1000) / 10:5.1f} % of {_duration(length_ns / NS_PER_S)}")
    reasons: dict[str, list[Gap]] = {}
    for lost in filled.missing:
        reasons.setdefault(lost.reason, []).append(lost.gap)
    for absence in filled.waiting:
        next_try = format_ns(absence.next_try_ns, digits=0)
        reason = f"{absence.reason}; not asked for again before {next_try}"
        reasons.setdefault(reason, []).append(absence.gap)
    for reason, gaps in reasons.items():
        lines.append(f"missing: {reason}")
        lines += [f"  {_shown(gap)}" for gap in gaps[:_MAX_LISTED]]
        if len(gaps) > _MAX_LISTED:
            lines.append(f"  and {len(gaps) - _MAX_LISTED} more gaps")
    return "\n".join(lines)


def _by_station(gaps: Iterable[Gap]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for gap in join(gaps):
        station_id = gap.source_id.station_id
        lengths[station_id] = lengths.get(station_id, 0) + gap.length_ns
    return lengths


def _shown(gap: Gap) -> str:
    span = f"{format_ns(gap.start_ns, digits=2)} to {format_ns(gap.end_ns, digits=2)}"
    return f"{gap.source_id!s:16} {span} ({_duration(gap.length_ns / NS_PER_S)})"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.4g} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
