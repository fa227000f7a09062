"""SAC with dataless SEED beside it, replayed as a network hands it on: events are located and have magnitudes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from configs import Settings
from database import queries
from database.store import Store
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import parse_ns
from tests.detection.inspection.test_inspector import CORINTH, off_km

# CRL's solutions; the first was recorded badly, and both begin before half of the stations have heard the one before.
FIRST, SECOND = (38.4808, 21.9417), (38.4135, 21.9110)
SECOND_NS = parse_ns("2010-01-18T17:04:06.39Z")


@pytest.mark.data
def test_shocks_seven_seconds_apart_out_of_the_folder(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    store = Store.open(f"sqlite:///{tmp_path / 'a.db'}")
    sources = find_sources([shared_data("corinth2010")], tmp_path / "scratch")
    run = replay(replace(Settings(), location=CORINTH), sources, store)
    with store.read() as snapshot:
        first, second, third = sorted(
            queries.events(snapshot, run_id=run.run_id), key=lambda event: event.first_onset_ns
        )
    store.close()
    assert first.origin is not None and second.origin is not None
    assert off_km(first.origin, *FIRST) < 10
    assert off_km(second.origin, *SECOND) < 5
    assert abs(second.origin.time_ns - SECOND_NS) < 1e9
    # of the same place a minute later, plain on every record though in no bulletin here
    assert third.n_stations >= 10
    # ML needs the responses of the volumes; that of a catalogue for this shock is not known here
    assert second.magnitude is not None
    assert (second.magnitude.kind, second.magnitude.value) == ("ML", pytest.approx(2.4, abs=0.5))
