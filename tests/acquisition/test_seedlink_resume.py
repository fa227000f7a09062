"""Where stations resume, against the two families of servers as their sources describe them: nothing may be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.seedlink import resume
from acquisition.seedlink.resume import (
    FLOOR_NS,
    MAX_CONNECTIONS,
    MAX_REPEAT,
    RESUME_MARGIN_NS,
    Decision,
    Holdings,
    Request,
    StationRange,
    decide,
    plan,
)
from houfeng.times import NS_PER_S
from houfeng.types import Cursor

LAST_NS = 1_700_000_000_000_000_000
START = "2023-11-01T00:00:00Z"
ALL = {"*_*": ["*"]}


def cursor(sequence: int, *, last_ns: int = LAST_NS, start: str = START) -> Cursor:
    return Cursor(sequence, last_ns, last_ns - NS_PER_S, start)


@pytest.mark.parametrize(
    ("held", "decision"),
    [
        (StationRange(1, 500), Decision.RESUME),
        (StationRange(101, 500), Decision.RESUME),
        (StationRange(50, 100), Decision.RESUME),  # nothing new yet
        (StationRange(102, 500), Decision.EXPIRED),  # 101 is gone
        (StationRange(1, 99), Decision.RESET),  # the server numbers anew
        (StationRange(None, None), Decision.RESET),  # the server does not say
        (None, Decision.RESET),  # the station is not there yet
    ],
)
def test_resume_expired_or_reset(held: StationRange | None, decision: Decision) -> None:
    for version in (3, 4):
        assert decide(cursor(100), held, Holdings(version, {}, START), LAST_NS) is decision


def test_new_numbers_beyond_ours_are_told_by_the_start_of_the_server() -> None:
    held = StationRange(1, 500)
    assert decide(cursor(100), held, Holdings(4, {}, "2023-11-14T20:00:00Z"), LAST_NS) is Decision.RESET
    assert decide(cursor(100, start=""), held, Holdings(4, {}, START), LAST_NS) is Decision.RESUME
    assert decide(cursor(100), held, Holdings(4, {}, ""), LAST_NS) is Decision.RESUME


@pytest.mark.parametrize(
    ("ours", "held", "decision"),
    [
        (0xFFFFFF, StationRange(0xFFFF00, 0x000010), Decision.RESUME),
        (0xFFFFFE, StationRange(0xFFFFFF, 0x000010), Decision.RESUME),
        (0xFFFFFE, StationRange(0x000000, 0x000010), Decision.EXPIRED),
        (0x000010, StationRange(0xFFFF00, 0x00000F), Decision.RESET),
        (1 << 24, StationRange(1, 5), Decision.RESET),  # numbered by version 4
    ],
)
def test_numbers_of_version_3_wrap(ours: int, held: StationRange, decision: Decision) -> None:
    assert decide(cursor(ours), held, Holdings(3, {}, START), LAST_NS) is decision


def test_an_old_number_of_version_3_proves_nothing() -> None:
    """After 31.5 h at 150 packets a second the numbers are back where they were, with half an hour lost between."""
    held, later_ns = StationRange(90, 500), LAST_NS + 113_400 * NS_PER_S
    assert decide(cursor(100), held, Holdings(3, {}, START), later_ns) is Decision.RESET
    assert decide(cursor(100), held, Holdings(4, {}, START), later_ns) is Decision.RESUME
    assert decide(cursor(500), held, Holdings(3, {}, START), later_ns) is Decision.RESUME  # a quiet station


def test_a_wrapped_resume_asks_for_zero() -> None:
    server = Holdings(3, {"BW_UH1": StationRange(0xFFFF00, 0x10)}, START)
    ((request,),) = plan({"BW_UH1": ["?????"]}, {"BW.UH1": cursor(0xFFFFFF)}, server, now_ns=LAST_NS)
    assert request == Request("BW_UH1", ("?????",), 0, FLOOR_NS)


def test_a_reset_asks_by_time_and_an_expired_cursor_for_everything() -> None:
    server = Holdings(4, {"BW_UH1": StationRange(1, 99), "BW_UH2": StationRange(900, 990)}, START)
    cursors = {"BW.UH1": cursor(100), "BW.UH2": cursor(100)}
    ((first, second),) = plan({"BW_UH1": ["*"], "BW_UH2": ["*"]}, cursors, server, now_ns=LAST_NS)
    assert first == Request("BW_UH1", ("*",), None, LAST_NS - RESUME_MARGIN_NS)
    assert second == Request("BW_UH2", ("*",), None, FLOOR_NS)


def test_a_begin_is_for_stations_that_were_never_received() -> None:
    server = Holdings(4, {"BW_UH1": StationRange(1, 200), "BW_UH2": StationRange(1, 9)}, START)
    ((first, second, wild),) = plan(ALL, {"BW.UH1": cursor(100)}, server, now_ns=LAST_NS, begin_ns=LAST_NS)
    assert (first.sequence, first.since_ns) == (101, FLOOR_NS)
    assert (second.sequence, second.since_ns) == (None, LAST_NS)
    assert (wild.station, wild.sequence, wild.since_ns) == ("*_*", None, LAST_NS)


def test_wildcards_are_spelled_out_and_kept_for_stations_that_appear_later() -> None:
    stations = {"BW_UH1": StationRange(1, 200), "BW_UH2": StationRange(1, 9), "GE_WLF": StationRange(1, 9)}
    patterns = {"BW_UH*": ["_S_H_Z"], "GE_KBU": ["_B_H_Z"]}
    (requests,) = plan(patterns, {"BW.UH1": cursor(100)}, Holdings(4, stations, START), now_ns=LAST_NS)
    assert [(r.station, r.sequence) for r in requests] == [
        ("BW_UH1", 101),
        ("BW_UH2", None),
        ("GE_KBU", None),
        ("BW_UH*", None),
    ]
    (requests,) = plan(patterns, {}, Holdings(3, stations, START), now_ns=LAST_NS)
    assert [r.station for r in requests] == ["BW_UH1", "BW_UH2", "GE_KBU"]
    assert plan({"XX_*": ["*"]}, {}, Holdings(3, stations, START), now_ns=LAST_NS) == []


def test_stations_of_a_ringserver_that_lie_apart_get_connections_of_their_own() -> None:
    ours = {"AA": 100, "AB": 150, "BC": 50_000, "BB": 90_000, "QQ": 3, "NE": None}
    stations = {f"XX_{name}": StationRange(1, 99_000 + n) for n, name in enumerate(ours)}
    stations["XX_QQ"] = StationRange(1, 3)  # quiet: whatever comes of it comes behind every number we have
    cursors = {f"XX.{name}": cursor(n) for name, n in ours.items() if n}
    connections = plan(ALL, cursors, Holdings(4, stations, START, newest_wins=True), now_ns=LAST_NS)
    found = [(sorted(r.station[3:] for r in requests), {r.sequence for r in requests}) for requests in connections]
    assert (["NE"], {None}) in found
    assert (["BB"], {90_001}) in found
    assert (["BC"], {50_001}) in found
    assert any(set(names) >= {"AA", "AB"} and sequences == {101} for names, sequences in found)
    assert len(found) == 4


# What two families of servers send for given requests. A packet: sequence, station, start in seconds.


@dataclass(frozen=True)
class Sent:
    sequence: int
    station: str
    start_s: int


def ringserver(ring: Sequence[Sent], requests: Sequence[Request], cycle: int) -> list[Sent]:
    """One position for the connection: slclient.c of ringserver 4.5, DATA and configuration of the ring position."""
    found = None
    for request in requests:
        if request.sequence is None:
            continue
        asked = (ring[-1].sequence // cycle * cycle + request.sequence) - 1
        match = [p for p in ring if p.sequence == asked and p.start_s == request.since_ns // NS_PER_S]
        if match and (found is None or asked > found):
            found = asked
    stations = {request.station for request in requests}
    if found is None:
        since_s = min(request.since_ns for request in requests) / NS_PER_S
        found = next((p.sequence - 1 for p in ring if p.start_s > since_s), ring[-1].sequence)
    return [p for p in ring if p.sequence > found and p.station in stations]


def seiscomp(ring: Sequence[Sent], requests: Sequence[Request], cycle: int) -> list[Sent]:
    """Every station from where it was asked for, and only what ends after the time."""
    out: list[Sent] = []
    for request in requests:
        held = [p for p in ring if p.station == request.station]
        if request.sequence is not None:
            asked = request.sequence
            held = [p for p in held if (p.sequence % cycle - asked) % cycle < cycle // 2]
        out += [p for p in held if (p.start_s + 1) * NS_PER_S > request.since_ns]
    return out


@dataclass(frozen=True)
class Outage:
    """A server's life: its packets, how many its ring has lost, how many of each station we have received."""

    first: int
    blocks: tuple[tuple[str, int], ...]
    lost: int
    received: tuple[int, ...]

    def packets(self) -> list[Sent]:
        names = [name for name, n in self.blocks for _ in range(n)]
        second = LAST_NS // NS_PER_S
        return [Sent(self.first + n, f"XX_{name}", second + n // 7) for n, name in enumerate(names)]


OUTAGES = st.builds(
    Outage,
    first=st.sampled_from([1, 5000, (1 << 24) - 40, (1 << 24) - 150]),
    # stretches of one station alone make numbers lie far apart
    blocks=st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from([1, 2, 40])), min_size=1, max_size=8).map(
        tuple
    ),
    lost=st.integers(0, 100),
    received=st.tuples(*[st.integers(0, 100)] * 5),
)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("newest_wins", [True, False])
@given(outage=OUTAGES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_received_nothing_that_is_held_is_lost(
    outage: Outage, version: int, newest_wins: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "MAX_REPEAT", 20)
    packets = outage.packets()
    ring = packets[min(outage.lost, len(packets) - 1) :]
    cycle = 1 << (24 if version == 3 else 64)
    cursors, wanted, held = {}, [], {}
    for station, n in zip(sorted({p.station for p in packets}), outage.received, strict=False):
        mine = [p for p in packets if p.station == station]
        wanted += [p for p in mine[n:] if p in ring]
        if n:
            last = mine[:n][-1]
            start_ns = last.start_s * NS_PER_S
            cursors[station.replace("_", ".")] = Cursor(last.sequence % cycle, start_ns + NS_PER_S, start_ns, START)
        if numbers := [p.sequence for p in mine if p in ring]:
            held[station] = StationRange(numbers[0] % cycle, numbers[-1] % cycle)
    patterns = {p.station: ["*"] for p in packets}
    connections = plan(patterns, cursors, Holdings(version, held, START, newest_wins), now_ns=LAST_NS)
    send = ringserver if newest_wins else seiscomp
    got = [p for requests in connections for p in send(ring, requests, cycle)]
    assert set(wanted) <= set(got)
    stations = [request.station for requests in connections for request in requests]
    assert sorted(stations) == sorted(patterns), "each station is asked for once"
    assert len(connections) <= MAX_CONNECTIONS
    if not newest_wins and set(cursors) == {name.replace("_", ".") for name in held} and ring == packets:
        assert len(got) == len(wanted)


def test_a_station_a_little_behind_costs_no_connection() -> None:
    stations = {"XX_A": StationRange(1, 9000), "XX_B": StationRange(1, 9001)}
    cursors = {"XX.A": cursor(5000), "XX.B": cursor(5000 + MAX_REPEAT)}
    server = Holdings(4, stations, START, newest_wins=True)
    assert len(plan(ALL, cursors, server, now_ns=LAST_NS)) == 1
    cursors["XX.B"] = cursor(5001 + MAX_REPEAT)
    assert len(plan(ALL, cursors, server, now_ns=LAST_NS)) == 2
