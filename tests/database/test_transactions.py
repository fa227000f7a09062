"""Several writers, killed writers, and a server that dies: nothing is lost, torn or twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from database import engine as engines
from database import queries, tasks
from database.accounts import Change
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from houfeng.errors import StoreError, TaskError
from houfeng.types import Cursor, Event
from tests.database.conftest import T0_NS, Dump, make_event, make_pick, make_run
from tests.plugins.postgresql import PostgreSQLServer

COUNT = """
import sys
from dataclasses import replace
from database import queries
from database.store import Store

store = Store.open(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with store.begin() as unit:
        run = queries.run(unit.connection, "live")
        unit.save_run(replace(run, n_records=run.n_records + 1))
"""

HANG = """
import sys, time
from database.store import Store
from tests.database.conftest import make_event, make_pick

store = Store.open(sys.argv[1])
with store.begin() as unit:
    unit.save_picks("live", [make_pick(offset_s=i) for i in range(5000)] + list(make_event().picks))
    unit.save_events("live", [make_event()])
    print("written", flush=True)
    time.sleep(600)
"""

ROOT = Path(__file__).parents[2]


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def run_of(store: Store) -> Run:
    with store.read() as snapshot:
        run = queries.run(snapshot, "live")
    assert run is not None
    return run


def test_four_processes_lose_no_read_modify_write(store: Store, url: str) -> None:
    counters = [python(COUNT, url, "50") for _ in range(4)]
    for counter in counters:
        counter.communicate(timeout=120)
    assert [counter.returncode for counter in counters] == [0, 0, 0, 0]
    assert run_of(store).n_records == 200


def test_kill_in_the_middle_of_a_unit(store: Store, url: str, dump: Callable[[Store], Dump]) -> None:
    before = dump(store)
    victim = python(HANG, url)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "written\n"
    assert dump(store) == before
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    again = Store.open(url)
    assert dump(again) == before
    if url.startswith("sqlite"):
        with again.read() as snapshot:
            assert snapshot.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    with again.begin() as unit:
        unit.save_picks("live", make_event().picks)
        unit.save_events("live", [make_event()])
    again.close()
    assert len(dump(store)["arrival"]) == 3


def test_readers_go_on_and_see_one_moment(store: Store) -> None:
    with store.read() as snapshot:
        assert queries.picks(snapshot) == []
        with store.begin() as unit:
            unit.save_picks("live", [make_pick()])
            with store.read() as other:
                assert queries.picks(other) == []
            assert len(queries.picks(unit.connection)) == 1
        assert queries.picks(snapshot) == []
    with store.read() as snapshot:
        assert len(queries.picks(snapshot)) == 1


def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match=r"read-?only"), store.read() as snapshot:
        snapshot.execute(text("DELETE FROM run"))
    assert run_of(store) == make_run("live")
    store.run(lambda unit: unit.finish_run("live", T0_NS))


def test_writers_in_threads_take_turns(store: Store) -> None:
    def count() -> None:
        for _ in range(20):
            with store.begin() as unit:
                run = queries.run(unit.connection, "live")
                assert run is not None
                unit.save_run(replace(run, n_records=run.n_records + 1))

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run_of(store).n_records == 100


def test_of_two_who_ask_in_one_instant_one_begins(store: Store) -> None:
    def ask(unit: UnitOfWork, about: str, who: str) -> tasks.Task:
        return tasks.ask(unit, "replay", about, "other thresholds", Change(T0_NS, who, "test"))

    with ThreadPoolExecutor(1) as pool:
        with store.begin() as unit:
            ask(unit, "day", "li")
            other = pool.submit(store.run, lambda unit: ask(unit, "night", "ann"))
            with pytest.raises(TimeoutError):  # it must not look before the first is committed
                other.result(0.3)
        with pytest.raises(TaskError, match=r"replay of day: .* is not done yet"):
            other.result(60)
    with store.read() as snapshot:
        assert [(task.about, task.who) for task in tasks.tasks(snapshot)] == [("day", "li")]


def test_what_is_open_is_found_behind_many_newer_ones(store: Store) -> None:
    with store.begin() as unit:
        for number in range(30):
            tasks.ask(unit, "restart", f"server{number}", "stuck", Change(T0_NS + number, "li", "test"))
    with store.begin() as unit, pytest.raises(TaskError, match=r"restart of server0: .* is not done yet"):
        tasks.ask(unit, "restart", "server0", "stuck", Change(T0_NS + 99, "ann", "test"))


def test_errors_of_the_work_itself_are_not_tried_again(store: Store) -> None:
    calls = []

    def work(unit: UnitOfWork) -> None:
        calls.append(unit)
        unit.save_picks("nobody", [make_pick()])

    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        store.run(work)
    assert len(calls) == 1


def test_a_busy_database_is_waited_for(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.1)
    patient, hasty = Store.open(url, retry_s=20), Store.open(url, retry_s=0)
    done = threading.Thread(target=patient.run, args=(lambda unit: unit.finish_run("live", T0_NS),))
    with store.begin() as unit:
        unit.save_run(make_run("live", n_records=5))
        done.start()
        with pytest.raises(StoreError, match="another writer held it too long"):
            hasty.run(lambda unit: unit.finish_run("live", -1))
    done.join()
    assert run_of(store) == make_run("live", n_records=5, finished_ns=T0_NS)
    for opened in (patient, hasty):
        opened.close()


@pytest.mark.postgresql
def test_unit_is_tried_again_after_the_server_died_in_it(
    postgresql_server: PostgreSQLServer, postgresql_url: str, dump: Callable[[Store], Dump]
) -> None:
    store = Store.open(postgresql_url, retry_s=60)
    calls = []

    def work(unit: UnitOfWork) -> str:
        unit.save_run(make_run("live"))
        unit.save_picks("live", make_event().picks)
        calls.append(unit)
        if len(calls) == 1:
            postgresql_server.stop("immediate")
            threading.Timer(1.0, postgresql_server.start).start()
        unit.save_events("live", [make_event()])
        unit.save_cursors("geofon", {"BW.UH1": Cursor(1, T0_NS)})
        return "done"

    assert store.run(work) == "done"
    assert len(calls) >= 2
    rows = dump(store)
    assert [len(rows[table]) for table in ("run", "pick", "event", "arrival", "stream_state")] == [1, 3, 1, 3, 1]
    store.close()


@pytest.mark.postgresql
def test_writer_over_several_crashes_of_the_server(postgresql_server: PostgreSQLServer, postgresql_url: str) -> None:
    store = Store.open(postgresql_url, retry_s=60)
    store.run(lambda unit: unit.save_run(make_run("live")))
    stop = threading.Event()
    acknowledged = []

    def write() -> None:
        while not stop.is_set():
            number = len(acknowledged)
            event = make_event(10.0 * number)

            def work(unit: UnitOfWork, number: int = number, event: Event = event) -> None:
                unit.save_picks("live", event.picks)
                unit.save_events("live", [event])
                unit.save_cursors("geofon", {"BW.UH1": Cursor(number, T0_NS)})

            store.run(work)
            acknowledged.append(event.public_id)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3):
        before = len(acknowledged)
        postgresql_server.stop("immediate")
        postgresql_server.start()
        while len(acknowledged) < before + 20 and writer.is_alive():
            threading.Event().wait(0.02)
    stop.set()
    writer.join(60)
    assert len(acknowledged) >= 60
    with store.read() as snapshot:
        assert [row.public_id for row in reversed(queries.events(snapshot))] == acknowledged
        assert len(queries.picks(snapshot)) == 3 * len(acknowledged)
        assert queries.cursors(snapshot, "geofon")["BW.UH1"].sequence == len(acknowledged) - 1
    store.close()


@pytest.mark.postgresql
def test_a_page_after_a_restart_of_the_server(postgresql_server: PostgreSQLServer, postgresql_url: str) -> None:
    store = Store.open(postgresql_url)
    postgresql_server.stop("immediate")
    postgresql_server.start()
    with store.read() as snapshot:
        assert queries.runs(snapshot) == []
    postgresql_server.stop("immediate")
    with pytest.raises(StoreError, match=r"connection .* failed"), store.read():
        pass
    postgresql_server.start()
    with store.read() as snapshot:
        assert queries.runs(snapshot) == []
    store.close()


@pytest.mark.postgresql
def test_giving_up(postgresql_server: PostgreSQLServer, postgresql_url: str) -> None:
    store = Store.open(postgresql_url, retry_s=0.5)
    waiting = Store.open(postgresql_url, retry_s=20)
    postgresql_server.stop("immediate")
    with pytest.raises(StoreError, match=r"houfeng@/test\d+.*: connection .* failed"):
        store.run(lambda unit: unit.save_run(make_run("live")))
    # A daemon that is told to stop must not wait for a server that may never come back.
    threading.Timer(0.5, waiting.close).start()
    asked_s = time.monotonic()
    with pytest.raises(StoreError):
        waiting.run(lambda unit: unit.save_run(make_run("live")))
    assert time.monotonic() - asked_s < 18
    store.close()
