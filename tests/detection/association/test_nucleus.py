"""Where an event would be: stations that have no P count against places amid those that have it, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from detection.association.grid import Field, field_of
from detection.association.nucleus import Around, scores
from detection.association.stations import Stations
from detection.location.traveltime import published
from detection.plan import Floats
from stations.inventory import Site

# Stations north of the one that has the first pick, so many km from it, and a shock below that one.
NORTH_KM = (30.0, 60.0, 90.0, 120.0)
_STATIONS = Stations(
    {f"XX.S{number}": Site(f"XX.S{number}", 42 + km / 111.2, 75.0, 0.0) for number, km in enumerate((0.0, *NORTH_KM))},
    published("ak135"),
)
_FIELD: Field = field_of(
    _STATIONS, 0, np.arange(1, 5), np.array([[42.0, 75.0, 10.0], [42.54, 75.0, 10.0]]), np.array([5.0, 5.0]), 0.4
)
PER_HOUR = 10.0


def evidence_of(with_p: tuple[int, ...], silent: tuple[int, ...] = (), place: int = 0) -> Floats:
    """At the first station and half-way to the last: some neighbours have P of a shock at one of these."""
    slots = np.array(with_p)
    works = np.isin(np.arange(4), (*with_p, *silent))
    after_s = _FIELD.shift_s[0, slots, place].astype(np.float64)
    picks = Around(after_s, slots, np.full(len(slots), PER_HOUR / 3600), works, np.ones(len(slots), np.bool_))
    return scores(_FIELD, picks, 1)


def test_a_station_without_p_counts_where_one_further_away_has_it() -> None:
    all_but_one = evidence_of((0, 1, 3))
    assert evidence_of((0, 1, 3), silent=(2,))[0] == pytest.approx(all_but_one[0] - 1.5)
    assert evidence_of((0, 1, 2), silent=(3,))[0] == evidence_of((0, 1, 2))[0]


def test_a_pick_that_fits_beyond_silent_stations_is_worth_nothing_more_than_they_take() -> None:
    near = evidence_of((0, 1))
    one_between, alone = evidence_of((0, 1, 3), silent=(2,)), evidence_of((0, 1, 3))
    assert near[0] < one_between[0] < alone[0]
    assert evidence_of((0, 3), silent=(1, 2))[0] < evidence_of((0, 3))[0] - 2.5
    assert evidence_of((0, 3), silent=(1, 2))[0] >= evidence_of((0, 1))[0] / 2  # never less than without it


def test_stations_that_waves_must_have_reached_before_count_in_any_case() -> None:
    # half-way to the last, P comes to the first and the last together, to those between before
    assert evidence_of((3,), place=1)[1] - evidence_of((3,), silent=(0, 1, 2), place=1)[1] == pytest.approx(4.5)
