"""A replay of channel-days beside ObsPy's chain on the same files: triggers alone, with onsets, with all else.

Three channels of a day at 20 Hz are replayed under the names of some stations, each 37 minutes after the one before:
had all the same times, every trigger would be an event of all stations. Also in records of 512 bytes, as dataloggers
send them, and as a day at 100 Hz, forwards and backwards in turns; this with one band, and with the two that are
searched where nothing else is configured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

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

DEFAULT = replace(DetectionSettings(), channels=("*.*.*.*",))
ONE_BAND = replace(DEFAULT, bands=((2.0, 8.0),))

pytestmark = pytest.mark.bench

DAY_HZ = 20.0
APART_MIN = 37
CASES = {
    "9-days": (3, 0, DAY_HZ, ONE_BAND),
    "90-days": (30, 0, DAY_HZ, ONE_BAND),
    "512-bytes": (3, 512, DAY_HZ, ONE_BAND),
    "100-hz": (3, 4096, 100.0, ONE_BAND),
    "100-hz-as-shipped": (3, 4096, 100.0, DEFAULT),
}
FLOORS = {"triggers": 1.2, "detect": 0.2, "command": 0.09}


class Archive(NamedTuple):
    """A folder of records, and how they are searched."""

    folder: Path
    settings: DetectionSettings


@pytest.fixture(params=CASES.values(), ids=CASES)
def archive(request: pytest.FixtureRequest, shared_data: Callable[[str], Path], tmp_path: Path) -> Archive:
    """A file for every channel: the archive's records, or its samples in records of another length and rate."""
    n_stations, n_bytes, rate_hz, settings = request.param
    folder = tmp_path / "records"
    folder.mkdir()
    for file in shared_data("continuous_day").glob("COP.*.050"):
        for number in range(n_stations):
            path, later_min = folder / f"{file.name}.{number}.mseed", number * APART_MIN
            if n_bytes:
                (trace,) = obspy.read(str(file))
                trace.stats.station, trace.stats.sampling_rate = f"S{number:04}", rate_hz
                turns = trace.data, trace.data[::-1]
                trace.data = np.concatenate([turns[turn % 2] for turn in range(round(rate_hz / DAY_HZ))])
                trace.stats.starttime += later_min * 60
                trace.write(str(path), format="MSEED", reclen=n_bytes, encoding="STEIM2")
            else:
                path.write_bytes(renamed(file.read_bytes(), f"S{number:04}", later_min))
    return Archive(folder, settings)


def renamed(content: bytes, station: str, later_min: int) -> bytes:
    """Records of 4,096 bytes under another station's name, and later."""
    rows = np.frombuffer(content, dtype=np.uint8).reshape(-1, 4096).copy()
    rows[:, 8:13] = np.frombuffer(station.encode(), dtype=np.uint8)
    day, minute = rows[:, 23].astype(int), rows[:, 24:26].astype(int) @ [60, 1] + later_min
    rows[:, 23], rows[:, 24], rows[:, 25] = day + minute // 1440, minute // 60 % 24, minute % 60
    return rows.tobytes()


def obspy_chain(archive: Archive) -> int:
    n, settings = 0, archive.settings
    for file in archive.folder.iterdir():
        for trace in obspy.read(str(file)):
            plan = plan_for(settings, trace.stats.sampling_rate)
            data = trace.data.astype(np.float64)
            for band in plan.bands:
                filtered, _ = sosfilt(band.sections, data, zi=band.rest * data[0])
                ratio = recursive_sta_lta(filtered, plan.n_sta, plan.n_lta)
                n += len(trigger_onset(ratio, settings.on_ratio, settings.off_ratio))
    return n


def detect(archive: Archive) -> int:
    detector = Detector(archive.settings, by_rows=True)
    return sum(len(detector.feed(packets)) for packets in source_of(archive).joined())


def source_of(archive: Archive) -> ReplaySource:
    return ReplaySource(find_files(archive.folder), lambda raw, reason: pytest.fail(reason))


def triggers(archive: Archive) -> int:
    """What ObsPy's chain does and no more: every trigger is counted in place of being judged and read."""
    n = 0

    def count(channel: Channel, trigger: Trigger) -> None:
        nonlocal n
        n += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "_reading", count)
        detect(archive)
    return n


def split(archive: Archive) -> dict[str, float]:
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

    detector = Detector(archive.settings, by_rows=True)
    began, packets = time.thread_time(), source_of(archive).joined()
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


def command(archive: Archive) -> int:
    """What `houfeng replay` does, its database included."""
    folder = archive.folder
    store = Store.open(f"sqlite:///{folder}.db")
    run = replay(Settings(detection=archive.settings), find_sources([folder], folder), store)
    store.close()
    return run.n_records


def test_channel_days_from_miniseed(archive: Archive) -> None:
    """Each the fastest of two times, of more where it is soon done, in turns: others use the computer too."""
    works = (obspy_chain, triggers, detect, command)
    seconds, made = dict.fromkeys(works, float("inf")), dict.fromkeys(works, 0)
    for work in works * 2 + works[:2] * 4:
        began = time.thread_time()
        made[work] = work(archive)
        seconds[work] = min(seconds[work], time.thread_time() - began)
    for work in works:
        print(f"{work.__name__}: {seconds[work]:.1f} s, ratio {seconds[obspy_chain] / seconds[work]:.2f}; {made[work]}")
    print(", ".join(f"{stage} {spent_s:.1f} s" for stage, spent_s in split(archive).items()))
    assert made[detect] > 0.8 * made[triggers]
    # what triggers in two bands at once is one trigger
    assert 0.98 / len(archive.settings.bands) <= made[triggers] / made[obspy_chain] <= 1.02
    for work in (triggers, detect, command):
        assert seconds[obspy_chain] >= FLOORS[work.__name__] * seconds[work]
