"""A replay of channel-days beside ObsPy's chain on the same files: triggers alone, with onsets, with all else.

Three channels of a day at 20 Hz are replayed under the names of some stations, each 37 minutes after the one before:
had all the same times, every trigger would be an event of all stations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pytest
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import sosfilt

import detection.engine
from acquisition.replay import ReplaySource, find_files
from configs import Settings
from database.store import Store
from detection.aftermath import Trigger
from detection.blocks import Blocker
from detection.channel import Channel
from detection.detector import Detector
from detection.plan import plan_for
from detection.settings import DetectionSettings
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources

SETTINGS = DetectionSettings(channels=("*.*.*.*",), bands=((2.0, 8.0),))
(BAND,) = plan_for(SETTINGS, 20.0).bands

ON, OFF = SETTINGS.on_ratio, SETTINGS.off_ratio

pytestmark = pytest.mark.bench


APART_MIN = 37
FLOORS = {"triggers": 0.6, "detect": 0.12}


@pytest.fixture(params=[3, 30], ids=["9-days", "90-days"])
def records(request: pytest.FixtureRequest, shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """A file for every channel."""
    folder = tmp_path / "records"
    folder.mkdir()
    for file in shared_data("continuous_day").glob("COP.*.050"):
        content = np.frombuffer(file.read_bytes(), dtype=np.uint8).reshape(-1, 4096).copy()
        day, minute = content[:, 23].astype(int), content[:, 24:26].astype(int) @ [60, 1]
        for number in range(request.param):
            content[:, 8:13] = np.frombuffer(f"S{number:04}".encode(), dtype=np.uint8)
            later = minute + number * APART_MIN
            content[:, 23], content[:, 24], content[:, 25] = day + later // 1440, later // 60 % 24, later % 60
            (folder / f"{file.name}.{number}.mseed").write_bytes(content.tobytes())
    return folder


def obspy_chain(folder: Path) -> int:
    n = 0
    for file in folder.iterdir():
        for trace in obspy.read(str(file)):
            data = trace.data.astype(np.float64)
            filtered, _ = sosfilt(BAND.sections, data, zi=BAND.rest * data[0])
            n += len(trigger_onset(recursive_sta_lta(filtered, 10, 200), ON, OFF))
    return n


def detect(folder: Path) -> int:
    detector = Detector(SETTINGS, by_rows=True)
    source = ReplaySource(find_files(folder), lambda raw, reason: pytest.fail(reason))
    return sum(len(detector.feed(packets)) for packets in source.joined())


def triggers(folder: Path) -> int:
    """What ObsPy's chain does and no more: every trigger is counted in place of being judged and read."""
    n = 0

    def count(channel: Channel, trigger: Trigger) -> None:
        nonlocal n
        n += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "_reading", count)
        detect(folder)
    return n


def split(folder: Path) -> dict[str, float]:
    """Where the time of `detect` goes, seconds; to look at the clock is in it."""
    spent = dict.fromkeys(("read and decode", "blocks", "filter and triggers", "vetoes", "onsets"), 0.0)

    def timed(patch: pytest.MonkeyPatch, stage: str, place: object, name: str) -> None:
        work = getattr(place, name)

        def called(*values: Any) -> Any:
            began = time.thread_time()
            try:
                made = work(*values)
                return list(made) if isinstance(made, Iterator) else made
            finally:
                spent[stage] += time.thread_time() - began

        patch.setattr(place, name, called)

    source = ReplaySource(find_files(folder), lambda raw, reason: pytest.fail(reason))
    detector, began, packets = Detector(SETTINGS, by_rows=True), time.thread_time(), source.joined()
    with pytest.MonkeyPatch.context() as patch:
        timed(patch, "blocks", Blocker, "push")
        timed(patch, "filter and triggers", detection.engine, "search")
        timed(patch, "vetoes", Channel, "_refusal")
        timed(patch, "vetoes", Channel, "_mask")
        timed(patch, "onsets", detection.engine, "read")
        while True:
            before = time.thread_time()
            batch = next(packets, None)
            spent["read and decode"] += time.thread_time() - before
            if batch is None:
                break
            detector.feed(batch)
    spent["rest"] = time.thread_time() - began - sum(spent.values())
    return spent


def command(folder: Path) -> int:
    """What `houfeng replay` does, its database included."""
    store = Store.open(f"sqlite:///{folder}.db")
    run = replay(Settings(detection=SETTINGS), find_sources([folder], folder), store)
    store.close()
    return run.n_records


def test_channel_days_from_miniseed(records: Path) -> None:
    """Each the faster of two times, in turns: others use the computer too."""
    works = (obspy_chain, triggers, detect, command)
    seconds, made = dict.fromkeys(works, float("inf")), dict.fromkeys(works, 0)
    for work in works * 2:
        began = time.thread_time()
        made[work] = work(records)
        seconds[work] = min(seconds[work], time.thread_time() - began)
    for work in works:
        print(f"{work.__name__}: {seconds[work]:.1f} s, ratio {seconds[obspy_chain] / seconds[work]:.2f}; {made[work]}")
    print(", ".join(f"{stage} {spent_s:.1f} s" for stage, spent_s in split(records).items()))
    assert made[detect] > 0.8 * made[triggers]
    assert made[triggers] == pytest.approx(made[obspy_chain], rel=0.02)
    for work in (triggers, detect):
        assert seconds[obspy_chain] >= FLOORS[work.__name__] * seconds[work]
