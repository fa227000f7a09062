"""What the status rule reads of the database: of real records, archived, measured and checked as the daemon does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition.archive import Archive
from acquisition.archive_import import import_files
from acquisition.mseed import decode
from acquisition.records import pack
from database.store import Store
from houfeng.day_checks import DayChecks
from houfeng.health_evidence import HealthEvidence
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.noise_archive import NoiseArchive
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Packet, SourceId
from stations.health import State
from stations.health.measured import Measured, MeasuredRules
from stations.inventory import Inventory, parse_stationxml
from stations.responsexml import Responses
from stations.settings import HealthSettings, MetricsSettings

SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
KEPT = MetricsSettings(minutes_days=20_000, hours_days=30_000)
MINUTE_NS, HOUR_NS, DAY_NS = (seconds * NS_PER_S for seconds in (60, 3600, 86_400))
ANMO, HHZ = SourceId("IU", "ANMO", "00", "LHZ"), SourceId("XX", "A", "00", "HHZ")
JANUARY_NS, MARCH_NS = parse_ns("2010-01-01"), parse_ns("2026-03-01")


def measured(folder: Path, now_ns: int, inventory: Inventory | None = None) -> dict[SourceId, Measured]:
    """Everything anew, as after the loss of the database."""
    store = Store.open(f"sqlite:///{folder}/{now_ns}.db")
    root, inventory = folder / "archive", inventory or Inventory({}, ())
    ArchiveIndex(root, store).update()
    Measuring(root, store, KEPT, 2.0**23).update(now_ns)
    NoiseArchive(root, store, 3600).update(Responses(inventory), now_ns)
    DayChecks(root, store, 3600).update(inventory, now_ns)
    evidence = HealthEvidence(store, HealthSettings(), KEPT)
    evidence.read_days(now_ns)
    evidence.read_hours(now_ns)
    store.close()
    return evidence.known


def states(evidence: Measured, channel: str, now_ns: int) -> dict[str, State]:
    judged = MeasuredRules(HealthSettings()).judge(evidence, channel=channel, began_ns=0, now_ns=now_ns)
    return {each.rule: each.state for each in judged}


def test_a_living_and_a_dead_channel(tmp_path: Path) -> None:
    """IU.ANMO's day is well. The same with its sensor unplugged, rounding noise of its digitiser alone, is dead."""
    inventory = parse_stationxml((SIGNAL_DATA / "IUANMO.xml").read_bytes(), "IUANMO.xml")
    archive = Archive(tmp_path / "archive")
    import_files(archive, [SIGNAL_DATA / "IUANMO.seed"])
    counts = np.random.default_rng(1).integers(-2, 3, 86_400).astype(np.int32)
    archive.append([decode(raw) for raw in pack(ANMO, JANUARY_NS + DAY_NS, 1.0, counts)])
    archive.close()
    now_ns = JANUARY_NS + DAY_NS + 3 * HOUR_NS
    living = measured(tmp_path, now_ns, inventory)[ANMO]
    assert living.days is not None
    assert (living.days.checked_ns, living.days.owed_ns) == (JANUARY_NS + DAY_NS, JANUARY_NS + 2 * DAY_NS)
    alive = states(living, "LHZ", now_ns)
    daily = ("pct_above_nhnm", "pct_below_nlnm", "dead_channel_lin", "dead_channel_gsn", "sample_unique", "low_rms")
    assert {rule: alive[rule] for rule in daily} == dict.fromkeys(daily, State.OK)
    # it has one component, and no neighbour: these do not apply
    assert "cross_talk" not in alive and "polarity_check" not in alive
    dead = measured(tmp_path, now_ns + DAY_NS, inventory)[ANMO]
    found = states(dead, "LHZ", now_ns + DAY_NS)
    assert found["sample_unique"] is found["low_rms"] is State.WARN
    assert State.BAD in (found["dead_channel_lin"], found["dead_channel_gsn"])
    # nothing came since, and nothing is owed: what is old is awaited anew
    later_ns = now_ns + 20 * DAY_NS
    assert states(dead, "LHZ", later_ns)["dead_channel_lin"] is State.UNKNOWN
    owed = MeasuredRules(HealthSettings()).judge(dead, channel="LHZ", began_ns=0, now_ns=later_ns)
    assert {each.overdue for each in owed if each.metric == "dead_channel_lin"} == {False}


def packets(start_ns: int, counts: np.ndarray, flags: int = 0) -> list[Packet]:
    made = []
    for raw in pack(HHZ, start_ns, 100.0, counts):
        marked = bytearray(raw)
        marked[36] |= flags
        made.append(decode(bytes(marked)))
    return made


@pytest.fixture
def noise() -> Callable[[int], np.ndarray]:
    chance = np.random.default_rng(7)
    return lambda n_minutes: np.round(chance.normal(0, 300, n_minutes * 6000)).astype(np.int32)


def test_the_last_hour_against_the_week_before(tmp_path: Path, noise: Callable[[int], np.ndarray]) -> None:
    """Spikes are counted, an earthquake is not the usual noise, and a calibration is neither."""
    archive = Archive(tmp_path / "archive")
    for day in range(4):
        loud = noise(10) * (30 if day == 1 else 1)
        archive.append(packets(MARCH_NS + day * DAY_NS + 30 * MINUTE_NS, loud))
    begin_ns = MARCH_NS + 4 * DAY_NS
    last = noise(60)
    last[[1000, 100_000, 250_000]] += 100_000
    rising = 1 + 500 * np.hanning(24_000)  # four minutes of an earthquake
    last[180_000:204_000] = np.round(last[180_000:204_000] * rising)
    archive.append(packets(begin_ns, last[:330_000]))
    archive.append(packets(begin_ns + 55 * MINUTE_NS, last[330_000:] * 1000, 0x01))  # the last five are a calibration
    archive.close()
    now_ns = begin_ns + HOUR_NS + 10 * NS_PER_S
    hour = measured(tmp_path, now_ns)[HHZ].hour
    assert hour is not None
    assert (hour.until_ns, hour.n_usual, hour.percent_locked) == (begin_ns + HOUR_NS, 4, None)
    assert hour.num_spikes == 3
    assert hour.rms_counts == pytest.approx(300, rel=0.02)
    assert hour.usual_counts == pytest.approx(300, rel=0.02)
    assert states(Measured(hour), "HHZ", now_ns) == {"num_spikes": State.WARN, "sample_rms": State.OK}
