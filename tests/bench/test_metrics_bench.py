"""What measuring costs: a year's PDF out of the database, and minutes of 100 Hz from archive to rows."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database import latencies, measures, noise_days
from database.noise_days import NoiseDay
from database.store import Store
from database.unit import UnitOfWork
from houfeng.day_checks import DayChecks
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.noise import stored_noise
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Packet, SourceId
from stations.health import noise_days as days_of
from stations.health.latencies import Latencies
from stations.health.measures import Measures
from stations.health.noise import NoiseWindow
from stations.health.psd import psd_plan
from stations.inventory import Inventory, parse_stationxml
from stations.responsexml import Responses
from stations.settings import MetricsSettings
from webui.app import create_app
from webui.settings import WebSettings

pytestmark = pytest.mark.bench

OBSPY_XML = "IUANMO.xml"
DAY_NS = 86_400 * NS_PER_S
T0_NS = parse_ns("2026-03-01")
# Of the network that is measured; rounds of as many minutes as metrics.interval_s has.
N_CHANNELS, N_ROUNDS, PER_ROUND = 30, 4, 5
PER_NETWORK = 3000


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    sqlite = f"sqlite:///{tmp_path}/houfeng.db"
    return sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))


def size_bytes(store: Store) -> int:
    """Of the database."""
    with store.read() as snapshot:
        if snapshot.dialect.name == "postgresql":
            return int(snapshot.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        pages, page = (snapshot.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
        return int(pages) * int(page)


def test_a_year_of_noise(url: str, tmp_path: Path) -> None:
    xml = Path(obspy.__file__).parent / "signal" / "tests" / "data" / OBSPY_XML
    inventory = parse_stationxml(xml.read_bytes(), OBSPY_XML)
    responses = Responses(inventory)
    source_id, plan = SourceId("IU", "ANMO", "00", "LHZ"), psd_plan(100.0)
    chance, first_ns = np.random.default_rng(1), parse_ns("2010-01-01")
    store = Store.open(url)
    before = size_bytes(store)
    shape = -120 + 30 * np.log10(plan.periods_s)
    for number in range(365):
        day_ns = first_ns + number * DAY_NS
        levels = shape + chance.normal(0, 2, (48, len(shape)))
        windows = [NoiseWindow(day_ns + k * DAY_NS // 48, 100.0, levels[k], 1.0) for k in range(48)]
        row = NoiseDay(day_ns, 100.0, 48, *days_of.pack(windows, day_ns))
        store.run(lambda unit, d=day_ns, r=row: noise_days.save(unit.connection, source_id, d, "bench", [r]))  # type: ignore[misc]
    a_day = (size_bytes(store) - before) / 365
    took: list[float] = []
    for _ in range(3):
        began = time.process_time()
        with store.read() as snapshot:
            found = stored_noise(source_id, snapshot, responses)
        assert found.noise is not None
        density, median = found.noise.density(), found.noise.percentile(50)
        took.append(time.process_time() - began)
        assert found.noise.n_windows == 365 * 48
        assert density.sum() == pytest.approx(len(median))
    with store.begin() as unit:
        unit.save_inventory(inventory)
    client = create_app(WebSettings(), store).test_client()
    client.get("/about")
    pages = []
    for number in range(2):  # of different addresses: neither answer is kept
        began = time.process_time()
        page = client.get(f"/noise/{source_id}?range=1y&n={number}")
        pages.append(time.process_time() - began)
        assert page.status_code == 200
        assert b'class="p50"' in page.data
    store.close()
    size = len(gzip.compress(page.data, 7))
    print(f"its page: {pages[0]:.2f} s, drawn before: {1000 * pages[1]:.0f} ms; {size / 1000:.0f} kB compressed")
    print(f"a year's PDF, 17,520 windows of 100 Hz: {min(took):.2f} s; {a_day / 1000:.1f} kB a channel-day")
    assert min(took) < 1
    assert pages[0] < 1


def minute(source_id: SourceId, number: int, seed: int) -> list[Packet]:
    """Records of 4 s, as digitisers send them."""
    chance = np.random.default_rng(seed)
    made = []
    for part in range(15):
        counts = np.round(chance.normal(0, 300, 400)).astype(np.int32)
        start_ns = T0_NS + (60 * number + 4 * part) * NS_PER_S
        made += [decode(raw) for raw in pack(source_id, start_ns, 100.0, counts)]
    return made


def test_minutes_of_a_network(url: str, tmp_path: Path) -> None:
    source_ids = [SourceId("XX", f"S{n // 3:03d}", "", f"HH{'ZNE'[n % 3]}") for n in range(N_CHANNELS)]
    store = Store.open(url)
    archive = Archive(tmp_path / "archive")
    index = ArchiveIndex(tmp_path / "archive", store)
    measuring = Measuring(tmp_path / "archive", store, MetricsSettings(), 2.0**23)
    took = index_took = 0.0
    before = size_bytes(store)
    for number in range(N_ROUNDS):
        minutes = range(number * PER_ROUND, (number + 1) * PER_ROUND)
        packets = [
            packet for n, each in enumerate(source_ids) for k in minutes for packet in minute(each, k, 1000 * n + k)
        ]
        archive.append(packets)
        index.touch(packets)
        began = time.process_time()
        index.update()
        indexed = time.process_time()
        measuring.update(T0_NS + DAY_NS)
        if number:  # the first looks at all of the archive
            index_took += indexed - began
            took += time.process_time() - indexed
    archive.close()
    grown = size_bytes(store) - before
    store.close()
    n_channel_minutes = N_CHANNELS * PER_ROUND * (N_ROUNDS - 1)
    cost_s, index_s = took / n_channel_minutes, index_took / n_channel_minutes
    a_row = grown / (N_CHANNELS * PER_ROUND * N_ROUNDS)
    print(
        f"a channel-minute of 100 Hz: {1000 * cost_s:.2f} ms measured, {1000 * index_s:.2f} ms indexed; "
        f"{PER_NETWORK} channels: {100 * cost_s * PER_NETWORK / 60:.0f} % of a core, {PER_NETWORK / 60:.0f} rows/s"
    )
    if url.startswith("sqlite"):  # PostgreSQL keeps what was replaced until it vacuums: minutes would tell nothing
        print(f"{a_row:.0f} bytes a row, {a_row * 1440 * PER_NETWORK / 1e9:.2f} GB a day")
    assert cost_s * PER_NETWORK < 60


TABLE_NAMES = ("health_minute", "health_hour", "health_day", "latency_minute", "latency_hour", "latency_day")
N_GROWN, GROWN_H = 100, 24


def test_growth_of_a_day(url: str) -> None:
    """Rows of a day of 100 channels, five minutes at a time; each time the minute that was begun is written again."""
    chance = np.random.default_rng(5)
    source_ids = [SourceId("XX", f"S{n // 3:03d}", "", f"HH{'ZNE'[n % 3]}") for n in range(N_GROWN)]
    store = Store.open(url)
    before, took = size_bytes(store), 0.0
    for first in range(0, 60 * GROWN_H, PER_ROUND):
        numbers = range(max(first - 1, 0), first + PER_ROUND)
        rows = [(each, measured(T0_NS + 60 * k * NS_PER_S, chance)) for each in source_ids for k in numbers]
        late = [(each, arrived(T0_NS + 60 * k * NS_PER_S, chance)) for each in source_ids for k in numbers[-PER_ROUND:]]
        began = time.process_time()
        store.run(lambda unit, rows=rows: save_levels(unit, rows))  # type: ignore[misc]
        store.run(lambda unit, late=late: latencies.save(unit.connection, late))  # type: ignore[misc]
        took += time.process_time() - began
    factor = PER_NETWORK / N_GROWN / 1e9
    with store.read() as snapshot:
        if snapshot.dialect.name == "postgresql":
            query = "SELECT pg_total_relation_size('{}')"
            sizes = {name: snapshot.exec_driver_sql(query.format(name)).scalar_one() for name in TABLE_NAMES}
            print(", ".join(f"{name} {size * factor:.2f} GB" for name, size in sizes.items()))
    grown = (size_bytes(store) - before) * factor
    store.close()
    n_rows = len(source_ids) * 60 * GROWN_H
    print(
        f"a day of {PER_NETWORK} channels: {grown:.2f} GB; {1e6 * took / n_rows:.0f} us of processor time a minute row"
    )
    assert grown < 5


def save_levels(unit: UnitOfWork, rows: list[tuple[SourceId, Measures]]) -> None:
    """As an update does, without reading what hours and days are made of."""
    for name, unit_ns in (("minute", 0), ("hour", measures.HOUR_NS), ("day", DAY_NS)):
        at = {(each, row.start_ns // unit_ns * unit_ns if unit_ns else row.start_ns): row for each, row in rows}
        its = [(each, replace(row, start_ns=start_ns)) for (each, start_ns), row in at.items()]
        measures.save(unit.connection, measures.TABLES[name], its)


def measured(start_ns: int, chance: np.random.Generator) -> Measures:
    """A minute of a channel that is well."""
    mean, rms, low, high, quality = chance.normal(0, 300, 5).tolist()
    counts = {"n_samples": 6000, "covered_ns": 60 * NS_PER_S, "n_records": 15, "n_timed": 15, "n_locked": 15}
    values = {"timing_quality": quality, "sample_mean": mean, "sample_rms": rms, "sample_min": low, "sample_max": high}
    return Measures(start_ns, sample_rate_hz=100.0, n_minutes=1, **counts, **values)


def arrived(start_ns: int, chance: np.random.Generator) -> Latencies:
    return Latencies(start_ns, 1, 15, *chance.normal(3, 1, 4).tolist())


def test_checks_of_a_day(tmp_path: Path) -> None:
    """Three components of 100 Hz: what `DayChecks` costs, with reading."""
    source_ids = [SourceId("XX", "S", "", f"HH{part}") for part in "ZNE"]
    archive = Archive(tmp_path / "archive")
    for number, source_id in enumerate(source_ids):
        counts = np.round(np.random.default_rng(number).normal(0, 300, 8_640_000)).astype(np.int32)
        raws = pack(source_id, T0_NS, 100.0, counts)
        archive.append([decode(raw) for raw in raws])
    archive.close()
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    ArchiveIndex(tmp_path / "archive", store).update()
    began = time.process_time()
    assert DayChecks(tmp_path / "archive", store, 0).update(Inventory({}, ()), T0_NS + 3 * DAY_NS) == 3
    took = (time.process_time() - began) / 3
    store.close()
    share = took * PER_NETWORK / 86_400
    print(f"checks of a channel-day of 100 Hz: {took:.2f} s; {PER_NETWORK} channels: {100 * share:.1f} % of a core")
    assert took < 10
