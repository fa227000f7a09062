"""State of health and metadata in the status rule: what they make of a station, and which cause an alert names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId
from stations.alerts import cause
from stations.alerts.scene import Scene
from stations.health import HealthMonitor, Reading, State, StationStatus
from stations.health.metadata import Metadata, findings
from stations.inventory import ChannelEpoch, Inventory, parse_stationxml
from stations.settings import HealthSettings
from tests.stations.conftest import T0_NS

HHZ, VEP, LCQ, LCE, VM1 = (SourceId("XX", "AAA", "00", code) for code in ("HHZ", "VEP", "LCQ", "LCE", "VM1"))
DIGITISER = SourceId("XX", "AAA", "D0", "VEP")
VDT, GNS, VPB, GLA = (SourceId("XX", "AAA", "00", code) for code in ("VDT", "GNS", "VPB", "GLA"))
Make = Callable[..., Packet]


def epoch(source_id: SourceId, rate_hz: float, gain: float, unit: str, end_s: float | None = None) -> ChannelEpoch:
    end_ns = None if end_s is None else T0_NS + round(end_s * NS_PER_S)
    return ChannelEpoch(source_id, 0, end_ns, 43, 77, 700, 0, 0, -90, rate_hz, gain, unit)


# As a Q330 is described: 0.15 V a count of the supply, a microsecond a count of the clock's error.
EPOCHS = [
    epoch(HHZ, 100, 6e8, "M/S"), epoch(VEP, 0.1, 1 / 0.15, "V"), epoch(LCQ, 0.1, 1, "PERCENT"),
    epoch(LCE, 0.1, 1e6, "S"), epoch(VM1, 0.1, 10, "V"), epoch(DIGITISER, 0.1, 1 / 0.15, "V"),
    epoch(VDT, 0.1, 1, "degC"), epoch(GNS, 0.1, 1, "NUMBER"), epoch(VPB, 0.1, 10, "PERCENT"),
]  # fmt: skip


def told(packets: Iterable[Packet], until_s: int = 300, epochs: Iterable[ChannelEpoch] = EPOCHS) -> StationStatus:
    """The station's status after evaluations each 10 s, packets taken in when they arrive."""
    monitor = HealthMonitor(HealthSettings(), wanted=[HHZ])
    monitor.metadata = Metadata(Inventory({}, tuple(epochs)))
    waiting = sorted(packets, key=lambda packet: packet.received_ns)
    for second in range(10, until_s + 1, 10):
        now_ns = T0_NS + second * NS_PER_S
        monitor.observe([packet for packet in waiting if packet.received_ns <= now_ns])
        waiting = [packet for packet in waiting if packet.received_ns > now_ns]
        (status,) = monitor.evaluate(now_ns)
    return status


def motion(make: Make, noise: Any, until_s: int = 300, rate_hz: float = 100.0) -> list[Packet]:
    return [make(at, noise(round(5 * rate_hz)), rate_hz) for at in range(0, until_s, 5)]


def soh(make: Make, source_id: SourceId, counts: int, until_s: int = 300) -> list[Packet]:
    """A value each 10 s, sent a minute at a time."""
    return [make(at, [counts] * 6, 0.1, source_id=source_id, timing_quality=None) for at in range(0, until_s, 60)]


def reading(status: StationStatus, rule: str) -> Reading | None:
    (channel,) = [each for each in status.channels if each.required]
    return next((each for each in channel.readings if each.rule == rule), None)


def why(status: StationStatus) -> tuple[str, str]:
    found = cause.of_station(status, {status.station_id: status}, [], Scene())
    return found.word, found.sentence


@pytest.mark.parametrize(
    ("source", "counts", "state", "reason", "word"),
    [
        (VEP, 84, State.OK, "", ""),  # 12.6 V
        (VEP, 76, State.WARN, "Supply 11.4 V, limit 11.5 V", ""),
        (VEP, 72, State.BAD, "Supply 10.8 V, limit 11 V", "power"),
        (DIGITISER, 72, State.BAD, "Supply 10.8 V, limit 11 V", "power"),
        (LCQ, 40, State.BAD, "Clock quality 40 %, limit 50 %", "clock"),
        (LCE, -250_000, State.BAD, "Clock off by 250 ms, limit 100 ms", "clock"),
        (VM1, -45, State.BAD, "Mass position 4.5 V, limit 4 V", "sensor"),
        (VDT, -40, State.OK, "", ""),
        (VDT, 66, State.BAD, "Temperature 66 °C, limit 65 °C", "sensor"),
        (GNS, 3, State.WARN, "Satellites 3, limit 4", ""),
        (GNS, 0, State.BAD, "Satellites 0, limit 1", "clock"),
        (VPB, 910, State.BAD, "Buffer used 91 %, limit 90 %", "link"),
        (GLA, 43, State.OK, "", ""),  # no low-gain seismometer, however constant
    ],
)
def test_state_of_health_decides_and_names_the_cause(
    packet: Make, noise: Any, source: SourceId, counts: int, state: State, reason: str, word: str
) -> None:
    status = told([*motion(packet, noise), *soh(packet, source, counts)])
    assert (status.state, status.reason) == (state, reason)
    if word:
        assert why(status) == (word, f"HHZ: {reason}; data come in time")


def test_what_no_channel_tells_is_not_applicable(packet: Make, noise: Any) -> None:
    status = told(motion(packet, noise))
    assert status.state is State.OK
    assert reading(status, "supply_voltage") is None and reading(status, "clock_quality") is None
    unscaled = told([*motion(packet, noise), *soh(packet, VEP, 1)], epochs=[EPOCHS[0]])
    assert reading(unscaled, "supply_voltage") is None


def test_a_mass_of_another_sensor_says_nothing_of_this_one(packet: Make, noise: Any) -> None:
    other = replace(EPOCHS[4], source_id=SourceId("XX", "AAA", "10", "VM1"))
    accelerometer = SourceId("XX", "AAA", "10", "HNZ")
    packets = [*motion(packet, noise), *soh(packet, other.source_id, 90)]
    packets += [packet(at, noise(500), source_id=accelerometer) for at in range(0, 300, 5)]
    status = told(packets, epochs=[*EPOCHS, other])
    assert status.state is State.OK and reading(status, "mass_position") is None


def test_health_that_goes_missing_while_data_flow_is_unknown(packet: Make, noise: Any) -> None:
    status = told([*motion(packet, noise, 900), *soh(packet, VEP, 84, 120)], 900)
    assert (status.state, status.reason) == (State.UNKNOWN, "Last supply 12.6 V, limit 11.5 V")


def test_a_supply_that_fell_before_the_silence_is_the_cause(packet: Make, noise: Any) -> None:
    low = told([*motion(packet, noise), *soh(packet, VEP, 75)], 900)  # 11.25 V, then nothing
    assert low.reason == "Latency 10 min, limit 2 min" or low.state is State.BAD
    assert why(low) == ("power", "Supply was 11.2 V when last heard of, below its limit of 11.5 V; Data stopped")
    good = told([*motion(packet, noise), *soh(packet, VEP, 84)], 900)
    assert why(good)[0] == "unknown"


def test_records_of_another_rate_than_stationxml_are_its_fault(packet: Make, noise: Any) -> None:
    status = told(motion(packet, noise, rate_hz=50.0))
    assert (status.state, status.reason) == (State.BAD, "Records 50 Hz, StationXML 100 Hz")
    assert why(status) == ("metadata", "HHZ: Records 50 Hz, StationXML 100 Hz; data come in time")
    assert told(motion(packet, noise, rate_hz=99.95)).state is State.OK


def test_a_channel_whose_epoch_has_ended_is_told(packet: Make, noise: Any) -> None:
    status = told(motion(packet, noise), epochs=[replace(EPOCHS[0], end_ns=T0_NS), EPOCHS[1]])
    assert (status.state, why(status)[0]) == (State.BAD, "metadata")
    assert status.reason == "StationXML has no epoch for now"
    assert told(motion(packet, noise), epochs=[]).state is State.OK


def test_a_response_that_contradicts_itself_is_told(
    packet: Make, noise: Any, shared_data: Callable[[str], Path]
) -> None:
    """TM.SKLT's StationXML as published, whose stages do not fit together."""
    path = shared_data("asia_gsn") / "TM.SKLT.__.BHZ_faulty_response.xml"
    inventory = parse_stationxml(path.read_bytes(), path.name)
    bhz = SourceId("TM", "SKLT", "", "BHZ")
    monitor = HealthMonitor(HealthSettings(), wanted=[bhz])
    monitor.metadata = Metadata(inventory, findings(inventory))
    monitor.observe(packet(at, noise(500), source_id=bhz) for at in range(0, 100, 5))
    for second in (100, 110):
        (status,) = monitor.evaluate(T0_NS + second * NS_PER_S)
    assert (status.state, status.reason) == (State.BAD, "StationXML breaks rule 403 and 1 more")
    assert why(status)[0] == "metadata"


def test_a_calibration_is_no_fault_of_the_sensor(packet: Make, noise: Any) -> None:
    """A step of calibration current rails the mass; nothing is said of samples until a minute is free of it."""
    calibrated = range(60, 180)
    packets = [packet(at, noise(500) + 8_300_000 * (at in calibrated), timing_quality=99) for at in range(0, 480, 5)]

    def states(flagged: bool) -> list[State]:
        monitor = HealthMonitor(
            HealthSettings(),
            wanted=[HHZ],
            is_calibrating=lambda each: flagged and (each.start_ns - T0_NS) // NS_PER_S in calibrated,
        )
        found = []
        for number, each in enumerate(packets):
            monitor.observe([each])
            if number % 2:
                found.append(monitor.evaluate(each.received_ns)[0].state)
        return found

    assert State.BAD in states(False)
    assert set(states(True)) == {State.OK}
