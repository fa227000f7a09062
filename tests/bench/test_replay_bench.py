"""A replay of 9 channel-days beside ObsPy's chain on the same files: triggers alone, with onsets, with all else.

Three channels of a day at 20 Hz are replayed under the names of three stations, each 37 minutes after the one before:
had all the same times, every trigger would be an event of three stations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import sosfilt

from acquisition.replay import ReplaySource, find_files
from configs import Settings
from database.store import Store
from detection.detector import Detector
from detection.onset.frames import Frame
from detection.plan import Plan, plan_for
from detection.settings import DetectionSettings
from houfeng.replaying import replay

SETTINGS = DetectionSettings(channels=("*.*.*.*",), bands=((2.0, 8.0),))
(BAND,) = plan_for(SETTINGS, 20.0).bands

ON, OFF = SETTINGS.on_ratio, SETTINGS.off_ratio

pytestmark = pytest.mark.bench


N_STATIONS, APART_MIN = 3, 37
FLOOR = 0.05


@pytest.fixture
def records(shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """A file for every channel."""
    folder = tmp_path / "records"
    folder.mkdir()
    for file in shared_data("continuous_day").glob("COP.*.050"):
        content = np.frombuffer(file.read_bytes(), dtype=np.uint8).reshape(-1, 4096).copy()
        day, minute = content[:, 23].astype(int), content[:, 24:26].astype(int) @ [60, 1]
        for number in range(N_STATIONS):
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
    return sum(len(detector.feed(packets)) for packets in source.packets())


def triggers(folder: Path) -> int:
    """The same without reading onsets, as ObsPy's chain; triggers in a record's last seconds are not counted."""
    n = 0

    def count(frames: Sequence[Frame], plan: Plan) -> list[None]:
        nonlocal n
        n += len(frames)
        return [None] * len(frames)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detection.readings.find_onsets", count)
        detect(folder)
    return n


def command(folder: Path) -> int:
    """What `houfeng replay` does, its database included."""
    store = Store.open(f"sqlite:///{folder}.db")
    run = replay(Settings(detection=SETTINGS), find_files(folder), folder, store)
    store.close()
    return run.n_records


def test_nine_channel_days_from_miniseed(records: Path) -> None:
    """Each the faster of two times, in turns: others use the computer too."""
    works = (obspy_chain, triggers, detect, command)
    seconds, made = dict.fromkeys(works, float("inf")), dict.fromkeys(works, 0)
    for work in works * 2:
        began = time.thread_time()
        made[work] = work(records)
        seconds[work] = min(seconds[work], time.thread_time() - began)
    for work in works:
        print(f"{work.__name__}: {seconds[work]:.1f} s, ratio {seconds[obspy_chain] / seconds[work]:.2f}; {made[work]}")
    assert made[detect] > 0.8 * made[triggers]
    assert made[triggers] == pytest.approx(made[obspy_chain], rel=0.1)
    assert seconds[obspy_chain] >= FLOOR * seconds[detect]
