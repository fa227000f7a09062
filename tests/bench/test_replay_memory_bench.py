"""Memory of a replay of a year: what it needs it has after the first weeks."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition.records import pack
from configs import Settings
from database.store import Store
from detection.settings import DetectionSettings
from houfeng.replaying import Step, replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId

YEAR, N_DAYS = 2025, 365
NEW_YEAR_NS = parse_ns(f"{YEAR}-01-01T00:00:00Z")
EVERY = 20  # of the samples at 20 Hz: a second of data has one, and a year is replayed in a minute
MOST_GROWTH_MB = 15.0  # from the second eighth to the last
SETTINGS = DetectionSettings(
    channels=("*.*.*.*",),
    bands=((0.1, 0.4),),
    sta_s=5.0,
    lta_s=100.0,
    rearm_s=30.0,
    hold_off_s=20.0,
    flat_s=10.0,
    onset_before_s=30.0,
    onset_after_s=20.0,
)

pytestmark = pytest.mark.bench


def write_year(day: Path, folder: Path) -> None:
    """The real day's three channels as those of three stations, a file of each for every day of a year."""
    for number, file in enumerate(sorted(day.glob("COP.*.050"))):
        (trace,) = obspy.read(str(file))
        samples = np.resize(trace.data[::EVERY], 86_400)
        records = pack(SourceId("XX", f"S{number}", "", "LHZ"), NEW_YEAR_NS, 1.0, samples, 4096)
        content = np.frombuffer(b"".join(records), dtype=np.uint8).reshape(len(records), 4096).copy()
        for at in range(N_DAYS):
            content[:, 22], content[:, 23] = divmod(at + 1, 256)
            (folder / f"S{number}.{at + 1:03}.mseed").write_bytes(content.tobytes())


def used_mb(folder: Path) -> tuple[list[float], int]:
    """The least resident memory of each eighth of the year, after a batch, and how many picks there are.

    The least: what a batch needs comes and goes, and its batches are of different lengths.
    """
    used = [float("inf")] * 8

    def note(step: Step) -> None:
        eighth = (step.end_ns - 1 - NEW_YEAR_NS) * 8 // (N_DAYS * 86_400 * NS_PER_S)
        n_pages = int(Path("/proc/self/statm").read_text().split()[1])
        used[eighth] = min(used[eighth], n_pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    store = Store.open(f"sqlite:///{folder}/year.db")
    run = replay(Settings(detection=SETTINGS), find_sources([folder], folder), store, progress=note)
    with store.read() as connection:
        n_picks = connection.exec_driver_sql("SELECT count(*) FROM pick").scalar_one()
    store.close()
    assert run.n_samples == 3 * N_DAYS * 86_400
    return used, n_picks


def test_a_year_of_three_channels(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    """In a process of its own: what this one has used before would hide what the replay needs."""
    write_year(shared_data("continuous_day"), tmp_path)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        used, n_picks = pool.submit(used_mb, tmp_path).result()
    print(f"{N_DAYS} days of 3 channels, {n_picks} picks: {', '.join(f'{mb:.0f}' for mb in used)} MB in the eighths")
    assert n_picks > 5 * N_DAYS
    assert used[-1] - used[1] < MOST_GROWTH_MB
