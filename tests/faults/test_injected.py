"""The daemon fails or is killed at every single write, sync and truncation: nothing is lost, nothing comes twice."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from acquisition.server import Ring, SeedLinkServer
from tests.faults.acquiring import RECORDS, Forks, House
from tests.plugins.strace import Trace, need_strace

pytestmark = pytest.mark.strace

SYNCS = ("fdatasync", "fsync", "syncfs")
CALLS = (*SYNCS, "pwrite64", "pwritev", "writev", "rename", "renameat", "renameat2", "ftruncate", "unlink")
KILL, EIO, ENOSPC = "signal=KILL", "error=EIO", "error=ENOSPC"
_N_BEFORE = len(RECORDS) // 3
_PARTS = 4


@dataclass(frozen=True)
class Place:
    """Where the daemon is interrupted.

    Parameters
    ----------
    start : "first", into an empty folder, or "again", behind a third of the records
    what : files that the calls have to do with; "anything" is all, and more
    """

    start: str
    what: str

    def trace(self, house: House, out: Path) -> Trace:
        """The calls, before the daemon is started."""
        database = [house.folder / f"houfeng.db{end}" for end in ("", "-wal", "-journal")]
        served = house.archive / ".served"
        paths = {
            "day files": [house.archive, *house.expected_files],
            "ledger": [served, *served.glob("*")],
            "database": database,
        }
        calls = CALLS if self.what == "anything" else (*CALLS, "write")
        return Trace(out, calls, tuple(paths.get(self.what, ())))


PLACES = [
    *(Place("first", what) for what in ("anything", "day files")),
    *(Place("again", what) for what in ("day files", "ledger", "database")),
]


class Campaign:
    """Runs that are interrupted, each in a folder of its own, compared with one that was not."""

    def __init__(self, folder: Path, forks: Forks, server: SeedLinkServer) -> None:
        self._folder, self._forks, self._server = folder, forks, server
        self._calls: dict[Place, list[tuple[str, int]]] = {}
        undisturbed = self._house("undisturbed", 0)
        assert undisturbed.run(_PARTS) == 0
        self._picks = undisturbed.picks()
        assert len(self._picks) >= 4
        self._begun = self._house("begun", 0)
        assert self._begun.run(2, until=_N_BEFORE) == 0

    def calls(self, place: Place) -> list[tuple[str, int]]:
        """Calls that can be interrupted: name, and number in the thread that makes most of them."""
        if place not in self._calls:
            self._calls[place] = self._list(place)
        return self._calls[place].copy()

    def _list(self, place: Place) -> list[tuple[str, int]]:
        house = self._start(place, "counted")
        trace = place.trace(house, self._folder / "counted.calls")
        assert house.run(_PARTS, trace) == 0
        shutil.rmtree(house.folder)
        return trace.listed()

    def interrupt(self, place: Place, how: str, name: str, n: int) -> str:
        """Interrupt the n-th call of a name, start again; the call, empty when there was none.

        Raises
        ------
        AssertionError : if anything was lost, doubled, or ended without being said
        """
        house = self._start(place, "interrupted")
        trace = replace(place.trace(house, self._folder / "calls"), injection=f"{name}:{how}:when={n}")
        status = house.run(_PARTS, trace)
        call = trace.injected()
        context = f"{place} {how} {name} {n}: {call}\n{house.log}"
        log = house.log
        assert status in ((-9,) if how == KILL and call else (0, 2)), context
        assert log.count("houfeng: ") == (status == 2), context
        assert "Traceback" not in log, context
        if how != KILL and place.what == "day files" and any(f" {name}(" in call for name in SYNCS):
            assert status == 2, f"a failed sync was outlived: {context}"
        assert house.acknowledged() <= house.archived(), f"acknowledged, not archived: {context}"
        assert None not in house.served(), f"served, not archived: {context}"
        self._finish(house, context)
        return call

    def clear(self) -> None:
        """Forget a run that went wrong."""
        shutil.rmtree(self._folder / "interrupted", ignore_errors=True)

    def _finish(self, house: House, context: str = "") -> None:
        status = house.run(_PARTS)
        context = f"{context}\n-- after the restart:\n{house.log}"
        assert status == 0, context
        content = b"".join(path.read_bytes() for path in house.day_files)
        assert house.archived() == Counter(RECORDS), context
        assert len(content) == sum(map(len, RECORDS)), context
        assert Counter(house.served()) == Counter(RECORDS), context
        assert house.acknowledged() == Counter(RECORDS), context
        assert house.picks() == self._picks, context
        shutil.rmtree(house.folder)

    def _start(self, place: Place, name: str) -> House:
        if place.start == "first":
            return self._house(name, 0)
        shutil.copytree(self._begun.folder, self._folder / name, ignore=shutil.ignore_patterns("gate", "log"))
        return self._house(name, _N_BEFORE)

    def _house(self, name: str, n_sent: int) -> House:
        return House(self._folder / name, self._forks, self._server, n_sent)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    need_strace()
    forks = Forks.begin()
    try:
        with SeedLinkServer("127.0.0.1", 0, Ring()) as server:
            yield Campaign(tmp_path_factory.mktemp("injected"), forks, server)
    finally:
        forks.close()


@pytest.mark.parametrize("how", [KILL, EIO, ENOSPC])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.start}, {place.what}")
def test_an_interrupted_call_loses_nothing_and_doubles_nothing(campaign: Campaign, place: Place, how: str) -> None:
    calls = campaign.calls(place)
    random.Random(f"{place}{how}").shuffle(calls)
    # batches are not cut alike in every run: the last calls of a thread are not always made
    assert campaign.interrupt(place, how, *calls[0]) or campaign.interrupt(place, how, calls[0][0], 1)


@pytest.mark.soak
@pytest.mark.parametrize("how", [KILL, EIO, ENOSPC])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.start}, {place.what}")
def test_no_interrupted_call_loses_or_doubles_anything(campaign: Campaign, place: Place, how: str) -> None:
    calls = campaign.calls(place)
    n_reached, faults = 0, []
    for call in calls:
        try:
            n_reached += bool(campaign.interrupt(place, how, *call))
        except Exception as error:
            faults.append(f"{call}: {type(error).__name__}: {error}")
            print(faults[-1], flush=True)
            campaign.clear()
    print(
        f"{place.start}, {place.what}, {how}: {n_reached} of {len(calls)} calls interrupted, {len(faults)} faults",
        flush=True,
    )
    assert not faults, "\n\n".join(faults)
    assert n_reached > 0.8 * len(calls)
