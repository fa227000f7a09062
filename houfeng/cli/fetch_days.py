"""A download day by day, so that whoever waits for a day has it before the others are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from acquisition.backfill import Filled
from acquisition.fdsn.coverage import join, total_s
from acquisition.fdsn.rules import Missing, joined
from houfeng.times import NS_PER_S
from houfeng.types import Gap

Brought = Callable[[int], None]

_DAY_NS = 86_400 * NS_PER_S


def by_day(fill: Callable[[list[Gap]], Filled], wanted: list[Gap], brought: Brought) -> Filled:
    """Fill day after day; when nothing comes of a day because requests failed, those behind it are not asked for.

    Parameters
    ----------
    fill : asks for gaps, and says what came
    wanted : gaps
    brought : told the end of each day but the last, ns UTC, when it is there
    """
    done: list[Filled] = []
    days = sorted({day for gap in wanted for day in range(gap.start_ns // _DAY_NS, -(-gap.end_ns // _DAY_NS))})
    for number, day in enumerate(days):
        done.append(fill(_within(wanted, day, day + 1)))
        failed = [lost for lost in done[-1].missing if not lost.absent]
        if failed and not done[-1].n_records:
            left = [gap for later in days[number + 1 :] for gap in _within(wanted, later, later + 1)]
            done.append(_unasked(left, failed[0].reason))
            break
        if number + 1 < len(days):
            brought((day + 1) * _DAY_NS)
    return _all_of(done)


def _within(gaps: Iterable[Gap], first_day: int, last_day: int) -> list[Gap]:
    start_ns, end_ns = first_day * _DAY_NS, last_day * _DAY_NS
    cut = [Gap(gap.source_id, max(gap.start_ns, start_ns), min(gap.end_ns, end_ns)) for gap in gaps]
    return [gap for gap in cut if gap.start_ns < gap.end_ns]


def _unasked(gaps: list[Gap], why: str) -> Filled:
    lost = tuple(Missing(gap, f"not asked for, as the day before it failed: {why}", absent=False) for gap in gaps)
    return Filled(total_s(gaps), 0.0, 0.0, 0, 0, 0, lost, (), tuple(gaps))


def _all_of(done: Sequence[Filled]) -> Filled:
    def of(name: str) -> Any:
        return sum(getattr(one, name) for one in done)

    def every(name: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(item for one in done for item in getattr(one, name)))

    seconds = of("wanted_s"), of("present_s"), of("came_s")
    return Filled(
        *seconds,
        of("n_records"),
        of("n_bytes"),
        of("n_requests"),
        tuple(joined(every("missing"))),
        every("waiting"),
        tuple(join(every("still_open"))),
    )
