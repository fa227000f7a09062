"""A replay of 90 channel-days beside ObsPy's chain on the same files: triggers alone, with onsets, with all else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import sosfilt

from acquisition.replay import ReplaySource, find_files
from configs import Settings
from database.store import Store
from detection.channel import Channel
from detection.detector import Detector
from detection.plan import plan_for
from detection.settings import DetectionSettings
from houfeng.replaying import replay

SETTINGS = DetectionSettings(channels=("*.*.*.*",), bands=((2.0, 8.0),))
(BAND,) = plan_for(SETTINGS, 20.0).bands

pytestmark = pytest.mark.bench


@pytest.fixture
def records(shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """A day of three channels at 20 Hz under 30 names."""
    folder = tmp_path / "records"
    folder.mkdir()
    for file in shared_data("continuous_day").glob("COP.*.050"):
        content = np.frombuffer(file.read_bytes(), dtype=np.uint8).reshape(-1, 4096).copy()
        for number in range(30):
            content[:, 8:13] = np.frombuffer(f"S{number:04}".encode(), dtype=np.uint8)
            (folder / f"{file.name}.{number}.mseed").write_bytes(content.tobytes())
    return folder


def obspy_chain(folder: Path) -> int:
    n = 0
    for file in folder.iterdir():
        for trace in obspy.read(str(file)):
            data = trace.data.astype(np.float64)
            filtered, _ = sosfilt(BAND.sections, data, zi=BAND.rest * data[0])
            n += len(trigger_onset(recursive_sta_lta(filtered, 10, 200), 4.0, 1.5))
    return n


def detect(folder: Path) -> int:
    detector = Detector(SETTINGS)
    source = ReplaySource(find_files(folder), lambda raw, reason: pytest.fail(reason))
    return sum(len(detector.feed(packets)) for packets in source.packets())


def triggers(folder: Path) -> int:
    """The same without reading onsets, as ObsPy's chain; triggers in a record's last seconds are not counted."""
    counted: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "_pick", lambda channel, trigger: counted.append(trigger))
        detect(folder)
    return len(counted)


def command(folder: Path) -> int:
    """What `houfeng replay` does, its database included."""
    store = Store.open(f"sqlite:///{folder}.db")
    run = replay(Settings(detection=SETTINGS), find_files(folder), folder, store)
    store.close()
    return run.n_records


def test_ninety_channel_days_from_miniseed(records: Path) -> None:
    seconds, made = {}, {}
    for work in (obspy_chain, triggers, detect, command):
        began = time.process_time()
        made[work] = work(records)
        seconds[work] = time.process_time() - began
        speed, ratio = 90 * 86400 / seconds[work], seconds[obspy_chain] / seconds[work]
        print(f"{work.__name__}: {seconds[work]:.1f} s, {speed:,.0f} times real time, ratio {ratio:.2f}; {made[work]}")
    assert made[detect] > 0.9 * made[triggers]
    assert made[triggers] == pytest.approx(made[obspy_chain], rel=0.1)
    assert seconds[obspy_chain] >= 0.5 * seconds[triggers]
