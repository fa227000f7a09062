"""What the store costs beside the bare driver: keys made, types checked, rows compared before they are rewritten."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

from database import rows, tables
from database.store import Store
from database.upsert import Row
from stations.health import StationStatus
from tests.database.conftest import T0_NS, make_pick, make_run, make_status

N_ROUNDS = 5


def fastest(work: Callable[[], object]) -> float:
    """Least processor time of several rounds, seconds; unlike the clock on the wall it ignores other programs."""
    times = []
    for _ in range(N_ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty SQLite store."""
    opened = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    opened.run(lambda unit: unit.save_run(make_run("live")))
    return opened


def bare(path: Path, table: str, values: list[Row]) -> float:
    """Seconds that the driver alone takes to replace these rows in one transaction."""
    names = list(values[0])
    statement = f"REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    connection = sqlite.connect(path / "houfeng.db", isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")

    def work() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, [tuple(row.values()) for row in values])
        connection.execute("COMMIT")

    seconds = fastest(work)
    connection.close()
    return seconds


@pytest.mark.bench
def test_ten_thousand_picks(store: Store, tmp_path: Path) -> None:
    picks = [make_pick(f"S{i % 1000}", i * 0.36) for i in range(10_000)]
    driver_s = bare(tmp_path, tables.pick.name, [rows.pick_values("live", pick) for pick in picks])
    store.run(lambda unit: unit.connection.execute(tables.pick.delete()))
    ours_s = fastest(lambda: store.run(lambda unit: unit.save_picks("live", picks)))
    store.close()
    print(f"10,000 picks: {ours_s * 1e3:.0f} ms, bare driver {driver_s * 1e3:.0f} ms")
    assert ours_s < 6 * driver_s


@pytest.mark.bench
def test_status_of_a_thousand_stations(store: Store, tmp_path: Path) -> None:
    def statuses(round_: int) -> list[StationStatus]:
        return [
            make_status(f"BW.S{i}", evaluated_ns=T0_NS + round_, channels=("EHE", "EHN", "EHZ"), num_gaps=round_)
            for i in range(1000)
        ]

    evaluations = iter([statuses(round_) for round_ in range(N_ROUNDS)])

    def save_next() -> None:
        now = next(evaluations)
        store.run(lambda unit: unit.save_statuses(now))

    ours_s = fastest(save_next)
    values = [rows.channel_status_values(status, channel) for status in statuses(9) for channel in status.channels]
    driver_s = bare(tmp_path, tables.channel_status.name, values)
    store.close()
    print(f"1,000 stations x 3 channels: {ours_s * 1e3:.0f} ms, bare driver {driver_s * 1e3:.0f} ms")
    assert ours_s < 6 * driver_s
