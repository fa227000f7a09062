"""What network coincidence costs beside ObsPy's, on the same starts and ends of triggers.

Of `obspy.signal.trigger.coincidence_trigger` only its second part is timed, the loops over the triggers: that is its
own source from the comment on that says so, given the list it makes in its first part. That first part, which takes
triggers out of samples and measures each, is left out, though sorting the triggers counts on our side. What comes out
is the same; both run in one process, ours the least processor time of some rounds.
"""

from __future__ import annotations

import inspect
import time
from typing import Any

import numpy as np
import pytest
from obspy.signal import trigger as of_obspy

from detection.association.overlaps import coincidences

pytestmark = pytest.mark.bench

_MARK = "    # the coincidence triggering and coincidence sum computation"
_HEAD = "def loops(triggers, trace_ids, {least}, trigger_off_extension=0, details=False):\n"


def obspy_loops() -> Any:
    """The loops of ObsPy's function as one of their own."""
    source = inspect.getsource(of_obspy.coincidence_trigger)
    assert source.count(_MARK) == 1
    made: dict[str, Any] = {}
    least = next(name for name in inspect.signature(of_obspy.coincidence_trigger).parameters if name.endswith("_sum"))
    exec(_HEAD.format(least=least) + source[source.index(_MARK) :], vars(of_obspy), made)
    return made["loops"]


def some_hours(n_stations: int, per_hour: float, hours: float, n_shocks: int) -> tuple[np.ndarray, ...]:
    """Start, end (s) and station of triggers of 3 to 15 s: by chance on every one, and within 8 s of every shock."""
    rng = np.random.default_rng(n_stations)
    shocks_s = np.linspace(100, hours * 3600 - 100, n_shocks)
    on, station = [], []
    for number in range(n_stations):
        by_chance = rng.uniform(0, hours * 3600, rng.poisson(per_hour * hours))
        on.append(np.sort(np.concatenate((by_chance, shocks_s + rng.uniform(0, 8, n_shocks)))))
        station.append(np.full(len(on[-1]), number))
    start, whose = np.round(np.concatenate(on), 2) + 1e9, np.concatenate(station)
    end = start + np.round(rng.uniform(3, 15, len(start)), 2)
    is_same = np.append(whose[1:] == whose[:-1], False)
    end[is_same] = np.minimum(end, np.roll(start, -1) - 0.01)[is_same]
    return start[end >= start], end[end >= start], whose[end >= start]


@pytest.mark.parametrize(
    ("n_stations", "per_hour", "hours", "n_shocks", "share", "least"),
    [(15, 10, 24, 60, 0.33, 60), (100, 10, 24, 60, 0.33, 100), (1000, 10, 0.1, 2, 0.33, 100)],
)
def test_the_same_coincidences_in_a_hundredth_of_the_time(
    n_stations: int, per_hour: float, hours: float, n_shocks: int, share: float, least: float
) -> None:
    on, off, whose = some_hours(n_stations, per_hour, hours, n_shocks)
    ids = [f"XX.S{number:04}..HHZ" for number in range(n_stations)]
    rows = zip(on.tolist(), off.tolist(), (ids[each] for each in whose), strict=True)
    triggers = sorted((*row, 5.0, 0.0, None) for row in rows)
    wanted, weights, loops = max(4.0, share * n_stations), np.ones(n_stations), obspy_loops()
    obspy_s = ours_s = float("inf")
    for _ in range(5 if n_stations < 100 else 1):  # 19 and 50 s each of the others
        began = time.process_time()
        theirs = loops(list(triggers), dict.fromkeys(ids, 1), wanted)
        obspy_s = min(obspy_s, time.process_time() - began)
    for _ in range(25):
        began = time.process_time()
        found = coincidences(on, off, whose, weights, wanted)
        ours_s = min(ours_s, time.process_time() - began)
    print(
        f"{n_stations} stations, {len(on)} triggers in {hours:g} h: ObsPy {obspy_s:.3f} s, Houfeng "
        f"{1000 * ours_s:.1f} ms, {len(theirs)} coincidences; ratio {obspy_s / ours_s:.0f}"
    )
    assert [one["time"].timestamp for one in theirs] == found.on.tolist()
    assert [one["trace_ids"] for one in theirs] == [[ids[whose[each]] for each in of] for of in found.members]
    assert len(theirs) >= n_shocks
    assert obspy_s >= least * ours_s
