"""The FDSN source against servers that are down, ask for a pause, or never end their answer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest

from houfeng.times import NS_PER_S
from houfeng.types import Packet
from tests.acquisition.fdsn_server import (
    drip,
    serving,
    stall_in_body,
    status,
)
from tests.faults.fdsn_records import N_SECONDS, drain, made_records, raws, source_for


@pytest.fixture(scope="module")
def records() -> list[Packet]:
    return made_records()


def test_three_times_503_then_data(records: list[Packet]) -> None:
    with serving(records, [status(503, b"Overloaded")] * 3) as server:
        source = source_for(server, retry_min_s=0.1, retry_max_s=10.0)
        assert drain(source) == raws(records)
        pauses = np.diff(server.times)
    assert len(pauses) == 3
    for pause, full in zip(pauses, (0.1, 0.2, 0.4), strict=True):
        assert full / 2 <= pause < full + 30  # a busy computer adds its own


def test_a_server_that_stays_down_is_left_alone(records: list[Packet]) -> None:
    with serving(records, [status(503, b"Overloaded")] * 1000) as server:
        source = source_for(server, request_channel_hours=1 / 60)
        assert drain(source) == []
        assert sum(lost.gap.length_ns for lost in source.missing) == 3 * N_SECONDS * NS_PER_S
        assert not any(lost.absent for lost in source.missing)
        assert all("503" in lost.reason for lost in source.missing)
        assert source.n_requests == 12


def test_retry_after_in_seconds_and_as_a_date_is_honoured(records: list[Packet]) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    answers = [status(429, Retry_After="1"), status(503, Retry_After=date)]
    with serving(records, answers) as server:
        source = source_for(server)
        assert drain(source) == raws(records)
        pauses = np.diff(server.times)
    assert 1.0 <= pauses[0] < 30
    assert pauses[0] + pauses[1] > 0.9  # a date has whole seconds only


def test_a_server_that_asks_for_hours_is_left_alone_at_once(records: list[Packet]) -> None:
    with serving(records, [status(429, b"Quota used up", Retry_After="7200")]) as server:
        source = source_for(server)
        began = time.monotonic()
        assert drain(source) == []
        assert time.monotonic() - began < 60
        assert source.n_requests == 1
        assert {lost.reason.partition(" (")[0] for lost in source.missing} == {"the server asks for a pause of 7200 s"}


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_socket_that_stalls_in_the_body(records: list[Packet], share: float) -> None:
    with serving(records, [stall_in_body(share)]) as server:
        source = source_for(server, silence_s=1.0)
        began = time.monotonic()
        assert drain(source) == raws(records)
        assert time.monotonic() - began < 60


@pytest.mark.parametrize("part", [b"", b"X", b"HTTP/1.0 200 OK\r\nA: b\r\n", b"HTTP/1.0 200 OK\r\n\r\n0"])
def test_a_server_that_sends_a_byte_now_and_then_for_ever(records: list[Packet], part: bytes) -> None:
    with serving(records, [drip(part)]) as server:
        source = source_for(server, deadline_s=1.5)
        began = time.monotonic()
        assert drain(source) == raws(records)
        assert time.monotonic() - began < 60


def test_a_server_that_never_does_better_than_stalling_ends_in_time(records: list[Packet]) -> None:
    with serving(records, [drip(b"")] * 1000) as server:
        source = source_for(server, deadline_s=0.1)
        began = time.monotonic()
        assert drain(source) == []
        assert time.monotonic() - began < 60
        assert all("not done after 0.1 s" in lost.reason for lost in source.missing)
