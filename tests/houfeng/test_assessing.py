"""Records of an event out of an archive, corrected and assessed: Ridgecrest against others' figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.replay import find_files
from acquisition.waveform_files import ReplayWindows
from configs import Settings
from database.records import ArrivalRow, EventDetail
from engineering.intensity import jma
from engineering.measures import measure
from engineering.spectra import Oscillators
from houfeng.assessing import Window, assess_event
from houfeng.codes import SourceId
from houfeng.network import load_network
from houfeng.times import parse_ns
from houfeng.waveforms import RecordedWaveforms
from stations.inventory import Inventory
from tests.database.conftest import make_event

Folder = Callable[[str], Path]
# P of the main shock by iasp91 from its catalogued origin, to a tenth of a second
ONSETS = {"CI.CCC": "2019-07-06T03:19:59.0Z", "CI.MPM": "2019-07-06T03:19:58.5Z"}


def detail(onsets: dict[str, str]) -> EventDetail:
    """An event with a P at each station."""
    pick = make_event().picks[0]
    arrivals = []
    for station, onset in onsets.items():
        source_id = SourceId(*station.split("."), "", "HNZ")
        at = replace(pick, source_id=source_id, onset_ns=parse_ns(onset), phase="P")
        arrivals.append(ArrivalRow(at, None, None, None, None, True, None, None, None, None))
    return EventDetail(None, tuple(arrivals))  # type: ignore[arg-type]


def inventory_of(folder: Path) -> Inventory:
    return load_network(Settings().resolved(folder), sorted(folder.glob("CI.*.xml"))).inventory


def test_a_near_record_of_ridgecrest_is_as_others_have_it(shared_data: Folder) -> None:
    folder = shared_data("ridgecrest2019")
    waveforms = RecordedWaveforms(ReplayWindows(find_files(folder)))
    oscillators = Oscillators(np.array([0.2, 1.0]))
    asked = detail({"CI.CCC": ONSETS["CI.CCC"], "XX.NONE": ONSETS["CI.CCC"]})
    (found,), refused = assess_event(asked, waveforms, inventory_of(folder), Window(), oscillators)
    assert refused == ["XX.NONE: no accelerometer or seismometer in the metadata"]
    assert [one.name for one in found.motion.components] == ["HNE", "HNN", "HNZ"]
    # the same accelerometer, corrected by others without a low-pass at 37.5 Hz: north, east and up
    with np.load(shared_data("engineering") / "ccc.npz") as gal:
        theirs = np.stack([gal["HN2"], gal["HN1"], gal["HNZ"]]) / 100
    published = measure(theirs, 100.0)
    assert found.measures.pga_m_s2 == pytest.approx(published.pga_m_s2, rel=0.12)
    assert found.measures.arias_m_s == pytest.approx(published.arias_m_s, rel=0.02)
    assert found.measures.housner_m_s == pytest.approx(published.housner_m_s, rel=0.02)
    assert found.measures.d5_75_s == pytest.approx(published.d5_75_s, abs=0.1)
    assert found.jma == pytest.approx(jma(theirs, 100.0), abs=0.01)
    assert found.rotd50_m_s2 is not None
    assert found.rotd50_m_s2 / 9.80665 == pytest.approx([0.805, 0.527], rel=0.05)


def test_axes_that_end_at_different_times_are_cut_to_what_all_have(shared_data: Folder) -> None:
    folder = shared_data("ridgecrest2019")
    waveforms = RecordedWaveforms(ReplayWindows(find_files(folder)))
    # three axes of MPM end 66 s after they began, in the middle of strong motion
    asked = detail({"CI.MPM": ONSETS["CI.MPM"], "CI.CCC": ONSETS["CI.CCC"]})
    (found,), refused = assess_event(
        asked, waveforms, inventory_of(folder), Window(20.0, 60.0), Oscillators(np.ones(1))
    )
    assert found.motion.station == "CI.CCC"
    assert len(found.motion.components[0].acceleration_m_s2) == pytest.approx(80 * 100, abs=2)
    assert len(refused) == 1
    assert "CI.MPM: ends while the ground moves: the last 5 s before the record's end have 47%" in refused[0]
    late = Window(20.0, 60.0)
    asked = detail({"CI.MPM": "2019-07-06T03:20:28.0Z"})
    nothing, refused = assess_event(asked, waveforms, inventory_of(folder), late, Oscillators(np.ones(1)))
    assert nothing == []
    assert "CI.MPM HNE: too short" in refused[0]


def test_records_away_from_the_onset_are_none(shared_data: Folder) -> None:
    folder = shared_data("ridgecrest2019")
    waveforms = RecordedWaveforms(ReplayWindows(find_files(folder)))
    asked = detail({"CI.CCC": "2019-07-06T04:00:00Z"})
    nothing, refused = assess_event(asked, waveforms, inventory_of(folder), Window(), Oscillators(np.ones(1)))
    assert nothing == []
    assert refused == ["CI.CCC..HNE, CI.CCC..HNN, CI.CCC..HNZ: no records around the onset"]
