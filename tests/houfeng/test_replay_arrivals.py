"""Replayed as they came, records show what the live system showed, and when; in the end what they show in any order."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from acquisition import mseed
from acquisition.arrivals import ENTRY_BYTES, FOLDER, ArrivalLog, Arrivals
from database import tables
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from houfeng.errors import SourceError
from houfeng.replaying import Step, replay
from houfeng.replays import passage
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S
from houfeng.types import Packet
from tests.houfeng.test_looking import BAVARIA, RUN_ID, START_NS, House, bavaria, live

__all__ = ["bavaria"]


@pytest.fixture(scope="module")
def came(bavaria: list[Packet]) -> list[Packet]:
    """In the order of arrival: a channel up to a minute late, and of its packets some that are held up.

    The first of the earthquakes: of its stations another is first when all are there, and the event has another id.
    """
    bavaria = [packet for packet in bavaria if packet.next_ns < START_NS + 90 * NS_PER_S]
    chance, found = random.Random(7), []
    delay_s = {source_id: chance.uniform(1, 60) for source_id in sorted({packet.source_id for packet in bavaria})}
    latest_ns = dict.fromkeys(delay_s, 0)
    for packet in bavaria:
        late_s = delay_s[packet.source_id] + chance.choice((0, 0, 0, 20))
        at_ns = max(packet.next_ns + round(late_s * NS_PER_S), latest_ns[packet.source_id])
        latest_ns[packet.source_id] = at_ns
        found.append(mseed.decode(packet.raw, received_ns=at_ns))
    return sorted(found, key=lambda packet: packet.received_ns)


def second_of(packet: Packet) -> int:
    return packet.received_ns // NS_PER_S


def noted(house: House, packets: list[Packet]) -> None:
    log = ArrivalLog(house.folder / "archive", 30.0)
    for packet in packets:
        log.note([packet])
    log.close()


def replayed(house: House, **more: Any) -> Run:
    folder = house.folder / "archive"
    store = Store.open(f"sqlite:///{house.folder / 'test.db'}")
    try:
        return replay(house.settings, find_sources([folder], folder), store, **more)
    finally:
        store.close()


def as_it_came(house: House, **more: Any) -> Run:
    return replayed(house, arrivals=Arrivals.below([house.folder / "archive"]), **more)


def history(house: House, run_id: str) -> list[dict[str, Any]]:
    """Revisions of a run's events, without its name."""
    store = Store.open(f"sqlite:///{house.folder / 'test.db'}")
    with store.read() as snapshot:
        query = select(tables.revision).where(tables.revision.c.run_id == run_id)
        rows = [dict(row) for row in snapshot.execute(query.order_by("event_id", "number")).mappings()]
    store.close()
    plain = ({name: row[name] for name in row if name != "run_id"} for row in rows)
    return [row | {"state": row["state"].replace(run_id, "")} for row in plain]


@pytest.fixture(scope="module")
def house(came: list[Packet], tmp_path_factory: pytest.TempPathFactory) -> House:
    """Where they came live, each second's together, and were noted."""
    house = House(tmp_path_factory.mktemp("house"), BAVARIA)
    live(house, [list(batch) for _, batch in groupby(came, key=second_of)])
    noted(house, came)
    return house


def test_it_shows_what_the_live_system_showed_and_when(house: House, came: list[Packet]) -> None:
    """The live way is the oracle: its events and every revision, each at the second in which its records came."""
    run = as_it_came(house)
    was, then, now = house.rows(), history(house, RUN_ID), history(house, run.run_id)
    assert house.rows(run.run_id) == was
    assert [row | {"created_ns": 0} for row in now] == [row | {"created_ns": 0} for row in then]
    assert len(now) > 2 * len(was["event"]) > 0
    assert {row["created_ns"] for row in now} <= {(second_of(packet) + 1) * NS_PER_S for packet in came}
    by_time = replayed(house)
    assert by_time.result_hash == run.result_hash
    assert by_time.run_id != run.run_id
    assert not history(house, by_time.run_id)


def killed(house: House, at_step: int, *, in_commit: bool = False, **more: Any) -> None:
    """Replay in a process that is killed behind a batch, or in the first transaction from there on, before it ends."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        left = iter(range(at_step - 1))

        def step(_: object) -> None:
            if next(left, None) is None:
                if not in_commit:
                    die()
                UnitOfWork.mark_change = die  # type: ignore[method-assign]

        as_it_came(house, progress=step, **more)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


# With the shorter memory the slowest channel's onset comes too late and is left out.
@pytest.mark.parametrize("memory_s", [21600.0, 0.05])
def test_killed_again_and_again_it_goes_on_to_the_same_history(
    house: House, tmp_path: Path, memory_s: float, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(BAVARIA, association=replace(BAVARIA.association, memory_s=memory_s))
    own, file = House(tmp_path, settings), tmp_path / "test.db"
    (tmp_path / "archive").symlink_to(house.folder / "archive")
    run = as_it_came(own)
    assert ("comes too late" in caplog.text) == (memory_s < 1)
    at_once, rows, n_shown = history(own, run.run_id), own.rows(run.run_id), [0]
    file.unlink()
    monkeypatch.setattr(passage, "_EVERY_S", 0.0)  # so that it goes on from every batch in turn
    monkeypatch.setattr(passage, "_SHARE", 0)
    for at_step in (24, *(2, 1) * 12):
        killed(own, at_step, in_commit=at_step == 1)
        n_shown.append(len(history(own, run.run_id)))
    assert n_shown == sorted(n_shown)
    assert len({*n_shown}) >= len({row["created_ns"] for row in at_once})
    behind: list[Step] = []
    again = as_it_came(own, skipped=behind.append)
    assert 0 < behind[0].n_records < run.n_records
    assert history(own, run.run_id) == at_once
    assert own.rows(run.run_id) == rows
    assert (again.result_hash, again.input_hash) == (run.result_hash, run.input_hash)


def test_killed_behind_the_last_record_it_ends_at_the_time_of_that(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its event still waits for waveforms then."""
    own, window, steps = House(tmp_path, BAVARIA), {"end_ns": START_NS + 33 * NS_PER_S}, list[Step]()
    (tmp_path / "archive").symlink_to(house.folder / "archive")
    run = as_it_came(own, progress=steps.append, **window)
    at_once = history(own, run.run_id)
    (tmp_path / "test.db").unlink()
    monkeypatch.setattr(passage, "_EVERY_S", 0.0)
    monkeypatch.setattr(passage, "_SHARE", 0)
    killed(own, len(steps), **window)
    assert 0 < len(history(own, run.run_id)) < len(at_once)
    as_it_came(own, **window)
    assert history(own, run.run_id) == at_once


def test_what_came_twice_came_first_and_half_an_entry_is_cut_off(tmp_path: Path, came: list[Packet]) -> None:
    first, second = came[0], came[1]
    again = mseed.decode(first.raw, received_ns=first.received_ns + 86_400 * NS_PER_S)
    log = ArrivalLog(tmp_path, 30.0)
    log.note([first])
    log.close()
    (day,) = (tmp_path / FOLDER).iterdir()
    with day.open("ab") as file:
        file.write(b"torn")
    log.note([second])
    log.note([again])
    log.close()
    assert day.stat().st_size == 2 * ENTRY_BYTES
    known = Arrivals.below([tmp_path])
    assert [known.at_ns(packet) for packet in (first, second, came[2])] == [first.received_ns, second.received_ns, None]
    wrong = mseed.decode(came[2].raw, received_ns=first.received_ns + 5000 * 86_400 * NS_PER_S)
    log.note([wrong])
    log.note([again])
    assert len([*(tmp_path / FOLDER).iterdir()]) == 3  # a clock that is wrong for a moment costs nothing
    for number in range(2, 31):
        late = mseed.decode(came[2].raw, received_ns=first.received_ns + number * 86_400 * NS_PER_S)
        log.note([late])
    log.close()
    assert len([*(tmp_path / FOLDER).iterdir()]) == 31
    assert day not in (tmp_path / FOLDER).iterdir()
    with pytest.raises(SourceError, match=r"no log of arrivals .* archive\.arrivals_days"):
        Arrivals.below([tmp_path / "elsewhere"])
