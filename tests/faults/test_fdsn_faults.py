"""The FDSN source against servers and links that fail in every way seen in the field, on real sockets."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from acquisition.fdsn.settings import FdsnSettings
from acquisition.fdsn.source import FdsnSource
from houfeng.errors import SourceError
from houfeng.times import NS_PER_S
from houfeng.types import Packet
from tests.acquisition.fdsn_server import (
    Handler,
    cut_in_chunk,
    cut_with_length,
    cut_without_length,
    page,
    serving,
    sound,
    stall_in_body,
    status,
)
from tests.faults.fdsn_records import (
    CHANNELS,
    N_SECONDS,
    START_NS,
    drain,
    made_records,
    raws,
    refuse,
    source_for,
    whole,
)
from tests.plugins.daemon import wait_for


@pytest.fixture(scope="module")
def records() -> list[Packet]:
    return made_records()


def test_records_come_as_they_lie_in_the_archive(records: list[Packet]) -> None:
    with serving(records) as server:
        source = source_for(server)
        assert drain(source) == raws(records)
        assert source.missing == []
        assert source.n_requests == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.24, 0.5, 0.999])
def test_a_truncated_200_without_a_length_is_never_taken_for_all(records: list[Packet], share: float) -> None:
    with serving(records, [cut_without_length(share)]) as server:
        source = source_for(server)
        assert drain(source) == raws(records)
        assert source.missing == []
        assert source.n_requests >= 2


@pytest.mark.parametrize(
    ("share", "asked_again"), [(0.0, {"HHE", "HHN", "HHZ"}), (0.5, {"HHN", "HHZ"}), (0.9, {"HHZ"})]
)
def test_the_bytes_of_a_broken_off_answer_are_kept(records: list[Packet], share: float, asked_again: set[str]) -> None:
    with serving(records, [cut_with_length(share)]) as server:
        source = source_for(server)
        assert drain(source) == raws(records)
        assert source.missing == []
        lines = [line for body in server.bodies[1:] for line in body.splitlines()]
    assert {line.split()[3] for line in lines} == asked_again


def test_a_connection_that_ends_inside_a_chunk(records: list[Packet]) -> None:
    with serving(records, [cut_in_chunk]) as server:
        source = source_for(server)
        assert drain(source) == raws(records)
        assert source.missing == []


def test_every_answer_truncated_still_brings_everything(records: list[Packet]) -> None:
    with serving(records, [cut_without_length(0.4)] * 1000) as server:
        source = source_for(server)
        assert set(drain(source)) <= set(raws(records))
        lost_s = sum(lost.gap.length_ns for lost in source.missing) / NS_PER_S
        # a server that always sends 40 % keeps only what is shorter than a record or two
        assert lost_s < 0.02 * 3 * N_SECONDS


def test_a_page_instead_of_data_is_tried_again_and_named(records: list[Packet]) -> None:
    with serving(records, [page, page]) as server:
        source = source_for(server)
        assert drain(source) == raws(records)
    with serving(records, [page] * 100) as server:
        source = source_for(server)
        assert drain(source) == []
        assert {(lost.absent, "text/html" in lost.reason, "sign in" in lost.reason) for lost in source.missing} == {
            (False, True, False)
        }


def test_too_large_requests_are_split(records: list[Packet]) -> None:
    def at_most_300_s(handler: Handler, body: bytes) -> None:
        if len(body) > 80_000:
            handler.send(413, b"Too much data")
        else:
            sound(handler, body)

    with serving(records, [at_most_300_s] * 1000) as server:
        source = source_for(server)
        assert drain(source) == raws(records)
        assert source.missing == []


@pytest.mark.parametrize("number", [204, 404])
def test_no_data_is_remembered_as_such_and_not_asked_for_again(records: list[Packet], number: int) -> None:
    with serving([], [status(number)]) as server:
        source = source_for(server)
        assert drain(source) == []
        assert source.n_requests == 1
        assert {lost.absent for lost in source.missing} == {True}
        assert sorted(lost.gap for lost in source.missing) == whole()


def test_a_real_gap_at_the_server_is_found_and_the_rest_arrives(records: list[Packet]) -> None:
    hole = [r for r in records if not (r.source_id == CHANNELS[1] and 400 < (r.start_ns - START_NS) / NS_PER_S < 600)]
    with serving(hole) as server:
        source = source_for(server)
        assert drain(source) == raws(hole)
        (lost,) = source.missing
        assert lost.absent and lost.gap.source_id == CHANNELS[1]
        assert 190 < lost.gap.length_ns / NS_PER_S < 210


def test_a_restricted_channel_does_not_cost_the_others(records: list[Packet]) -> None:
    def restricted(handler: Handler, body: bytes) -> None:
        if " HHN " in handler.data.bodies[-1]:
            handler.send(403, b"Restricted")
        else:
            sound(handler, body)

    with serving(records, [restricted] * 100) as server:
        source = source_for(server)
        assert drain(source) == raws([r for r in records if r.source_id.channel != "HHN"])
        (lost,) = source.missing
        assert lost.gap.source_id.channel == "HHN" and not lost.absent and "Restricted" in lost.reason


def test_records_that_nobody_asked_for_are_left_out(records: list[Packet]) -> None:
    def everything(handler: Handler, body: bytes) -> None:
        handler.send(200, b"".join(record.raw for record in records))

    with serving(records, [everything]) as server:
        source = source_for(server, whole(CHANNELS[:1], seconds=60))
        came = [packet for batch in source.packets() for packet in batch]
    assert {packet.source_id for packet in came} == {CHANNELS[0]}
    assert max(packet.start_ns for packet in came) < START_NS + 60 * NS_PER_S


def test_records_on_the_border_between_two_requests_come_once(records: list[Packet]) -> None:
    with serving(records) as server:
        source = source_for(server, request_channel_hours=1 / 60)
        assert drain(source) == raws(records)
        assert source.n_requests >= 60
        assert source.missing == []


def test_garbage_between_records_is_handed_to_the_quarantine(records: list[Packet]) -> None:
    rejected: list[tuple[bytes, str]] = []

    def dirty(handler: Handler, body: bytes) -> None:
        handler.send(200, body[:512] + b"\xff" * 100 + body[512:])

    with serving(records, [dirty]) as server:
        source = FdsnSource(FdsnSettings(server.address), whole(), lambda *what: rejected.append(what))
        assert drain(source) == raws(records)
    assert [raw for raw, _ in rejected] == [b"\xff" * 100]
    assert server.address in rejected[0][1]


def test_nobody_listens(records: list[Packet]) -> None:
    with serving(records) as server:
        address = server.address
    options = {"retry_min_s": 0.01, "retry_max_s": 0.02}
    source = FdsnSource(FdsnSettings(address, **options), whole(), refuse)  # type: ignore[arg-type]
    assert drain(source) == []
    assert {"ConnectionRefusedError" in lost.reason for lost in source.missing} == {True}


def test_closing_cuts_a_transfer_in_the_middle(records: list[Packet]) -> None:
    with serving(records, [stall_in_body(0.5)]) as server:
        source = source_for(server)
        thread = threading.Thread(target=drain, args=(source,))
        thread.start()
        wait_for("the request", lambda: server.bodies)
        source.close()
        source.close()
        thread.join(60)
        assert not thread.is_alive()


def test_closing_ends_a_pause(records: list[Packet]) -> None:
    with serving(records, [status(503)] * 10) as server:
        source = source_for(server, retry_min_s=100.0, retry_max_s=100.0)
        thread = threading.Thread(target=drain, args=(source,))
        thread.start()
        wait_for("the request", lambda: server.bodies)
        source.close()
        thread.join(60)
        assert not thread.is_alive()


def test_no_connection_and_no_thread_is_left_behind(records: list[Packet]) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with serving(records, [status(503), stall_in_body(0.2), cut_with_length(0.5)]) as server:
        before, threads = open_files(), threading.active_count()
        drain(source_for(server, silence_s=1.0))
        server.gone.set()
        wait_for("connections to end", lambda: open_files() <= before)
        wait_for("threads to end", lambda: threading.active_count() <= threads)
        assert (open_files() <= before, threading.active_count() <= threads) == (True, True)


@pytest.mark.parametrize("address", ["nowhere", "ftp://example.org", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SourceError, match=address):
        FdsnSource(FdsnSettings(address), whole(), refuse)
