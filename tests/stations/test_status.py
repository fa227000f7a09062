"""The status rule: what turns a station WARN, BAD or UNKNOWN, how soon, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId
from stations.health import HealthMonitor, State, StationStatus, why_unseen
from stations.health.hysteresis import Held
from stations.health.words import MAX_REASON
from stations.settings import HealthSettings
from tests.stations.conftest import changed

T0_NS = 1_700_000_040 * NS_PER_S
HHZ, HHN, VM1 = (SourceId("XX", "AAA", "00", code) for code in ("HHZ", "HHN", "VM1"))
NO_DATA = "No data since acquisition started"

Make = Callable[..., Packet]


def run(
    monitor: HealthMonitor, packets: Iterable[Packet], seconds: Iterable[float]
) -> Iterator[tuple[float, StationStatus]]:
    """Hand packets over when they arrive and evaluate at these seconds after T0; yields the one station's status."""
    waiting = sorted(packets, key=lambda packet: packet.received_ns)
    for second in seconds:
        now_ns = T0_NS + round(second * NS_PER_S)
        monitor.observe([packet for packet in waiting if packet.received_ns <= now_ns])
        waiting = [packet for packet in waiting if packet.received_ns > now_ns]
        (status,) = monitor.evaluate(now_ns)
        assert len(status.reason) <= MAX_REASON
        assert (status.reason == "") == (status.state is State.OK)
        yield second, status


def stream(make: Make, noise: Any, start_s: int, stop_s: int, **options: Any) -> list[Packet]:
    return [make(at, noise(500), 100.0, **options) for at in range(start_s, stop_s, 5)]


def changes(statuses: Iterable[tuple[float, StationStatus]]) -> list[tuple[float, str, str]]:
    """Time, state and reason whenever the state changed."""
    found: list[tuple[float, str, str]] = []
    for second, status in statuses:
        if not found or found[-1][1] != status.state:
            found.append((second, str(status.state), status.reason))
    return found


def test_good_evidence_is_ok_at_once_and_silence_turns_warn_then_bad(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings())
    assert changes(run(monitor, stream(packet, noise, 0, 300), range(10, 480, 5))) == [
        (10, "OK", ""),
        (370, "WARN", "Latency 70 s, limit 60 s"),  # over the limit since 365
        (430, "BAD", "Latency 130 s, limit 120 s"),
    ]


def test_lower_limits_tell_of_a_stop_within_a_minute(packet: Make, noise: Any) -> None:
    settings = HealthSettings(total_latency_warn_s=15, total_latency_bad_s=30)
    monitor = HealthMonitor(settings)
    gappy = [one for one in stream(packet, noise, 0, 120) if one.start_ns // NS_PER_S % 60 not in (20, 40)]
    assert changes(run(monitor, gappy, range(10, 180, 5))) == [
        (10, "OK", ""),
        (60, "WARN", "Gaps: 2 in 1 h, limit 1"),  # the second is seen to end at 52
        (160, "BAD", "Latency 40 s, limit 30 s"),
    ]


def test_recovery_takes_three_good_evaluations(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings())
    packets = [*stream(packet, noise, 0, 60), *[changed(one, received_ns=one.received_ns + 200 * NS_PER_S)
               for one in stream(packet, noise, 60, 65)], *stream(packet, noise, 65, 400)]  # fmt: skip
    late = [changed(one, received_ns=max(one.received_ns, T0_NS + 200 * NS_PER_S)) for one in packets[12:]]
    told = list(run(monitor, [*packets[:12], *late], range(10, 300, 10)))
    assert changes(told) == [(10, "OK", ""), (140, "WARN", "Latency 80 s, limit 60 s"), (220, "OK", "")]
    by_second = dict(told)
    assert by_second[200].reason == "Recovering: latency 5 s, limit 60 s"
    assert by_second[290].since_ns == T0_NS + 220 * NS_PER_S


def test_rare_evaluations_leave_after_ten_minutes(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings(leave_evaluations=50, availability_min_watch_s=1e6))
    packets = [*stream(packet, noise, 0, 60), *stream(packet, noise, 300, 1800)]
    states = changes(run(monitor, packets, range(10, 1500, 30)))
    assert [(state, reason) for _, state, reason in states][:3] == [
        ("OK", ""),
        ("WARN", "Latency 100 s, limit 60 s"),
        ("BAD", "Latency 160 s, limit 120 s"),
    ]
    second, state, _ = states[3]
    assert state == "OK" and second == 310 + 600


def test_what_never_sent_is_unknown(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings(), wanted=[HHZ], usages={"XX.BBB": "full", "XX.CCC": "off"})
    monitor.observe([packet(0, noise(500), source_id=SourceId("XX", "CCC", "", "HHZ"))])
    for second in (0, 10, 100_000):
        told = monitor.evaluate(T0_NS + second * NS_PER_S)
        assert [(status.station_id, status.state, status.reason) for status in told] == [
            ("XX.AAA", State.UNKNOWN, NO_DATA),
            ("XX.BBB", State.UNKNOWN, NO_DATA),
        ]
        assert {status.since_ns for status in told} == {T0_NS}


def test_one_missing_required_channel_makes_the_station_unknown_and_is_named(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings(), wanted=[HHZ, HHN])
    monitor.observe(stream(packet, noise, 0, 30))
    (status,) = monitor.evaluate(T0_NS + 32 * NS_PER_S)
    assert [(channel.source_id, channel.state) for channel in status.channels] == [
        ("XX.AAA.00.HHN", State.UNKNOWN),
        ("XX.AAA.00.HHZ", State.OK),
    ]
    assert (status.state, status.reason) == (State.UNKNOWN, "HHN: no data since acquisition started")
    assert status.metrics.total_latency_s == 2.0


def test_a_channel_that_is_not_required_does_not_colour_the_station(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings())
    packets = [*stream(packet, noise, 0, 300), *stream(packet, noise, 0, 60, source_id=VM1)]
    *_, (_, status) = run(monitor, packets, range(10, 300, 10))
    assert status.state is State.OK
    assert {channel.source_id[-3:]: (channel.state, channel.required) for channel in status.channels} == {
        "HHZ": (State.OK, True),
        "VM1": (State.BAD, False),
    }


def flat(make: Make, noise: Any) -> list[Packet]:
    return [make(at, noise(500) * 0 + 17) for at in range(0, 300, 5)]


def pegged(make: Make, noise: Any) -> list[Packet]:
    return [make(at, noise(500) // 10 + 8_300_000) for at in range(0, 300, 5)]


def clipped(make: Make, noise: Any) -> list[Packet]:
    return [make(at, (noise(500) > 0) * 8_388_607 - noise(500)) for at in range(0, 300, 5)]


def badly_timed(make: Make, noise: Any) -> list[Packet]:
    return stream(make, noise, 0, 300, timing_quality=38)


def off_centre(make: Make, noise: Any) -> list[Packet]:
    return [make(at, noise(500) * 10 - 600_000) for at in range(0, 300, 5)]


@pytest.mark.parametrize(
    ("faulty", "state", "reason", "telemetry_only"),
    [
        (flat, State.BAD, "Flat, distinct values 1, limit 3", State.OK),
        (pegged, State.BAD, "Mean 8\u2009300\u2009003, limit 6\u2009000\u2009000 counts", State.OK),
        (clipped, State.BAD, "Mean", State.OK),
        (badly_timed, State.BAD, "Timing quality 38 %, limit 50 %", State.OK),
        (off_centre, State.WARN, "Mean 599\u2009673, limit 500\u2009000 counts", State.OK),
    ],
)
def test_a_fault_of_sensor_or_clock_is_told_in_words(
    packet: Make, noise: Any, faulty: Any, state: State, reason: str, telemetry_only: State
) -> None:
    packets = faulty(packet, noise)
    *_, (_, status) = run(HealthMonitor(HealthSettings()), packets, range(10, 300, 10))
    usages = {"XX.AAA": "telemetry-only"}
    *_, (_, spared) = run(HealthMonitor(HealthSettings(), usages=usages), packets, range(10, 300, 10))
    assert status.state is state
    if faulty is not clipped:
        assert status.reason.startswith(reason)
    else:
        (reading,) = [one for one in status.channels[0].readings if one.rule == "clipping"]
        assert reading.state is State.BAD and reading.reason.startswith("Clipped 5")
    assert (spared.state, spared.usage) == (telemetry_only, "telemetry-only")


def test_data_from_the_future_are_no_evidence_of_life(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings())
    ahead = packet(3_600_000, noise(500), latency_s=-3_600_000 + 20)
    told = changes(run(monitor, [*stream(packet, noise, 0, 60), ahead], range(10, 400, 10)))
    assert told == [
        (10, "OK", ""),
        (40, "BAD", "Data 41 d ahead, limit 60 s"),
        (170, "WARN", "Latency 110 s, limit 60 s"),
        (200, "BAD", "Latency 140 s, limit 120 s"),
    ]
    assert monitor.evaluate(T0_NS + 400 * NS_PER_S)[0].metrics.total_latency_s == 340.0


def test_a_clock_set_back_is_not_ok(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings())
    monitor.observe(stream(packet, noise, 0, 60))
    assert monitor.evaluate(T0_NS + 62 * NS_PER_S)[0].state is State.OK
    states = [monitor.evaluate(T0_NS + (second - 4000) * NS_PER_S)[0] for second in (0, 10)]
    assert (states[1].state, states[1].reason) == (State.BAD, "Data 68 min ahead, limit 60 s")


def test_a_slow_channel_may_take_twice_its_record(packet: Make, noise: Any) -> None:
    source_id = SourceId("XX", "AAA", "00", "LHZ")
    packets = [packet(at, noise(400), 1.0, source_id=source_id, latency_s=1) for at in range(0, 4000, 400)]
    told = changes(run(HealthMonitor(HealthSettings()), packets, range(410, 6000, 10)))
    assert told[0] == (410, "OK", "")
    second, state, reason = told[1]
    assert (state, reason, second) == ("WARN", "Latency 14 min, limit 14 min", 4000 + 800 + 20)


def test_a_timing_that_goes_missing_while_data_flow_is_unknown(packet: Make, noise: Any) -> None:
    packets = [*stream(packet, noise, 0, 60), *stream(packet, noise, 60, 1200, timing_quality=None)]
    told = changes(run(HealthMonitor(HealthSettings()), packets, range(10, 1200, 10)))
    assert [(state, reason) for _, state, reason in told] == [("OK", ""), ("UNKNOWN", "No timing quality for 10 min")]


def test_availability_speaks_once_there_is_enough_to_judge(packet: Make, noise: Any) -> None:
    packets = [
        one for one in stream(packet, noise, 0, 1000) if not 100 * NS_PER_S <= one.start_ns - T0_NS < 200 * NS_PER_S
    ]
    monitor = HealthMonitor(HealthSettings(total_latency_warn_s=119))
    told = changes(run(monitor, packets, range(10, 1000, 10)))
    # 119 s are not due yet, ten minutes are asked for, and a state is entered at the second evaluation.
    assert told == [(10, "OK", ""), (740, "BAD", "Available 83.7 % of 10 min, limit 90 %")]


def test_an_hour_of_back_fill_has_no_feed_latency_but_a_large_data_latency(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings(), wanted=[HHZ])
    monitor.evaluate(T0_NS)
    monitor.observe(stream(packet, noise, 0, 300))
    before = monitor.evaluate(T0_NS + 3900 * NS_PER_S)[0].metrics
    monitor.observe([changed(one, received_ns=T0_NS + 3901 * NS_PER_S) for one in stream(packet, noise, 300, 2000)])
    after = monitor.evaluate(T0_NS + 3902 * NS_PER_S)[0].metrics
    assert (after.feed_latency_s, after.data_latency_s, after.total_latency_s) == (1.0, 1901.0, 1902.0)
    assert before.percent_availability_24h is not None and after.percent_availability_24h is not None
    assert after.percent_availability_24h > before.percent_availability_24h + 40


def test_statuses_are_the_same_for_the_same_packets(packet: Make, noise: Any) -> None:
    packets = [*stream(packet, noise, 0, 200), *stream(packet, noise, 0, 150, source_id=HHN)]
    first, second = (list(run(HealthMonitor(HealthSettings()), packets, range(10, 400, 7))) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("age_s", "reason"),
    [
        (0, ""),
        (120, ""),
        (121, "Not evaluated for 121 s"),
        (1140, "Not evaluated for 19 min"),
        (-120, ""),
        (-300, "Evaluated 5 min ahead of the clock"),
    ],
)
def test_nothing_is_green_because_nothing_looked(age_s: int, reason: str) -> None:
    assert why_unseen(T0_NS, T0_NS + age_s * NS_PER_S) == reason


def test_a_timing_that_is_zero_from_the_first_record_is_no_clock(packet: Make, noise: Any) -> None:
    never = stream(packet, noise, 0, 100, timing_quality=0)
    lost = [*stream(packet, noise, 0, 20), *stream(packet, noise, 20, 100, timing_quality=0)]
    assert changes(run(HealthMonitor(HealthSettings()), never, range(10, 100, 10))) == [(10, "OK", "")]
    told = changes(run(HealthMonitor(HealthSettings()), lost, range(10, 100, 10)))
    assert told[1][1:] == ("WARN", "Timing quality 44.4 %, limit 70 %")
    assert told[2][1:] == ("BAD", "Timing quality 36.3 %, limit 50 %")


W, B, U, G = State.WARN, State.BAD, State.UNKNOWN, State.OK


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ([G, W, G, W, G], [G, G, G, G, G]),
        ([G, W, W, B, W, B, B], [G, G, W, W, W, W, B]),
        ([W, W, G, G, W, G, G, G], [U, W, W, W, W, W, W, G]),
        ([B, B, W, G, W, G], [U, B, B, B, W, W]),
        ([G, W, U, W, W], [G, G, U, U, W]),
        ([B, B, U, G], [U, B, U, G]),
    ],
)
def test_a_state_is_entered_after_two_and_left_after_three(raw: list[State], shown: list[State]) -> None:
    held = Held(T0_NS)
    assert [held.update(one, T0_NS + at, HealthSettings()) for at, one in enumerate(raw)] == shown


def test_a_log_record_says_nothing(packet: Make, noise: Any) -> None:
    monitor = HealthMonitor(HealthSettings())
    monitor.observe([packet(0, noise(0), 1.0, source_id=SourceId("XX", "AAA", "", "LOG"))])
    assert monitor.evaluate(T0_NS) == []
