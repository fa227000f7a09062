"""What a replay finds does not depend on how much it reads at a time, of stations that begin and send at any rate."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from acquisition import replay as source
from acquisition.records import pack
from configs import Settings
from database import tables
from database.store import Store
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S
from houfeng.types import SourceId

START_NS = 1_700_000_000 * NS_PER_S
HOURS, SHOCK_EVERY_S, APART_MIN = 20, 5000, 37
RATES_HZ = (20.0, 20.0, 20.0, 40.0, 40.0, 25.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, in which all stations see a shock now and then; each begins later than the one before."""
    path = tmp_path_factory.mktemp("records")
    for number, rate_hz in enumerate(RATES_HZ):
        rng, begin_s = np.random.default_rng(number), number * APART_MIN * 60
        times_s = begin_s + np.arange(int((HOURS * 3600 - begin_s) * rate_hz)) / rate_hz
        since_s = (times_s - number * 0.7) % SHOCK_EVERY_S
        samples = rng.normal(0, 30, len(times_s)) * (1 + 60 * np.exp(-since_s / 4))
        source_id = SourceId("XX", f"S{number}", "", "HHZ")
        records = pack(source_id, START_NS + begin_s * NS_PER_S, rate_hz, samples.astype(np.int32))
        (path / f"{source_id}.mseed").write_bytes(b"".join(records))
    return path


@pytest.mark.parametrize("batch_bytes", [1 << 16, 1 << 20, 5 << 20, 12 << 20])
def test_batches(
    folder: Path, tmp_path: Path, batch_bytes: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(source, "_BATCH_BYTES", batch_bytes)
    store = Store.open(f"sqlite:///{tmp_path}/test.db")
    with caplog.at_level(logging.WARNING):
        run = replay(Settings(), find_sources([folder], folder), store)
    with store.read() as snapshot:
        n_events = snapshot.execute(select(func.count()).select_from(tables.event)).scalar_one()
    store.close()
    assert n_events >= HOURS * 3600 // SHOCK_EVERY_S - 3
    assert "too late" not in caplog.text
    assert run.result_hash == first_hash(folder, tmp_path, monkeypatch)


def first_hash(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of all records one by one in the order of time."""
    monkeypatch.setattr(source.ReplaySource, "joined", source.ReplaySource.packets)
    monkeypatch.setattr(source, "_BATCH_BYTES", 1 << 14)
    store = Store.open(f"sqlite:///{tmp_path}/one_by_one.db")
    run = replay(Settings(), find_sources([folder], folder), store)
    store.close()
    return run.result_hash
