"""Channels of state of health from records to their unit: supply, temperature and mass position of a real station."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest
from click.testing import CliRunner

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database import metric_queries
from database.store import Store
from houfeng.cli import main
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId
from stations.inventory import parse_stationxml

T0_NS = parse_ns("2000-03-01")
# Ten seconds a sample, an hour a record.
CHANNELS = {"VE1": "V", "VK1": "C", "VMZ": "M/S**2"}
HOUR_NS = 3600 * NS_PER_S


def test_means_are_in_the_unit_of_the_stationxml(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    """IU.ULN in 2000: gains as ObsPy reads them, one of them negative; none is stated for the mass of 2015."""
    xml = shared_data("asia_gsn") / "IU_ULN.xml"
    shutil.copy(xml, tmp_path)
    known = obspy.read_inventory(xml)
    chance, expected = np.random.default_rng(4), {}
    archive = Archive(tmp_path / "archive")
    for channel in CHANNELS:
        counts = chance.integers(-900, 900, 720).astype(np.int32)
        source_id = SourceId("IU", "ULN", "00", channel)
        archive.append([decode(raw) for raw in pack(source_id, T0_NS, 0.1, counts)])
        gain = known.get_response(str(source_id), obspy.UTCDateTime(ns=T0_NS)).instrument_sensitivity.value
        expected[str(source_id)] = [counts[part : part + 360].mean() / gain for part in (0, 360)]
    later_ns = parse_ns("2015-07-18")
    mass = SourceId("IU", "ULN", "00", "VM1")
    archive.append([decode(raw) for raw in pack(mass, later_ns, 0.1, np.arange(360, dtype=np.int32))])
    archive.close()
    config = tmp_path / "houfeng.toml"
    kept = "[metrics]\nminutes_days = 20000\nhours_days = 30000\n"
    config.write_text(f'[inventory]\nfiles = ["IU_ULN.xml"]\n[archive]\npath = "archive"\n{kept}')
    options = ["--config", str(config), "--format", "json", "--since", "1999-01-01", "--update"]
    done = CliRunner().invoke(main, ["metrics", "IU.ULN.*.V*", *options])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["metrics"]
    found = {name: [row["value"] for row in rows if row["channel"] == name] for name in expected}
    assert found == {name: pytest.approx(values) for name, values in expected.items()}
    units = {row["channel"][-3:]: row["unit"] for row in rows}
    assert units == CHANNELS | {"VM1": ""}
    assert [row["value"] for row in rows if row["channel"] == str(mass)] == [None]
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    inventory = parse_stationxml(xml.read_bytes(), "IU_ULN.xml")
    store.run(lambda unit: unit.save_inventory(inventory))
    with store.read() as snapshot:  # as pages read them, by the epochs that the database knows
        for name, values in expected.items():
            series = metric_queries.series(snapshot, SourceId.parse(name), "value", "hour")
            assert series == [(T0_NS + k * HOUR_NS, pytest.approx(value)) for k, value in enumerate(values)]
            assert metric_queries.unit_of(snapshot, SourceId.parse(name), T0_NS) == CHANNELS[name[-3:]]
    store.close()
