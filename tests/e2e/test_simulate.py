"""`houfeng simulate`, then `houfeng replay` on what it wrote: the truth is found, and called synthetic everywhere."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obspy
import pytest
from click.testing import CliRunner
from obspy.geodetics import gps2dist_azimuth
from obspy.io.quakeml.core import _validate

from acquisition.replay import find_files
from houfeng.cli import main
from houfeng.times import NS_PER_S, parse_ns

PLACES = """network,station,latitude,longitude,elevation_m
KN,AAK,42.6390,74.4940,1645
KN,CHM,42.9986,74.7513,655
KN,EKS2,42.6615,73.7772,1360
KN,KBK,42.6564,74.9478,1760
KN,TKM2,42.9208,75.5966,2020
KN,USP,43.2669,74.4997,740
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the database is made there
    (tmp_path / "places.csv").write_text(PLACES)


def run(*args: str) -> str:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    return result.stdout


@dataclass
class Score:
    """What a replay found of the truth."""

    truth: list[dict[str, str]]
    found: list[dict[str, Any]]

    def matches(self) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """Pairs of a known and a found earthquake, within 4 s and 20 km."""
        return [
            (known, event)
            for known in self.truth
            for event in self.found
            if event["origin_time"]
            and abs(parse_ns(event["origin_time"]) - parse_ns(known["time"])) < 4 * NS_PER_S
            and distance_km(known, event) < 20
        ]

    def told(self) -> str:
        pairs = self.matches()
        n_false = len(self.found) - len({event["id"] for _, event in pairs})
        return f"recall {len({k['time'] for k, _ in pairs})} of {len(self.truth)}, {n_false} other events"


def distance_km(known: dict[str, str], event: dict[str, Any]) -> float:
    place = (float(known["latitude"]), float(known["longitude"]))
    metres: float = gps2dist_azimuth(*place, event["latitude_deg"], event["longitude_deg"])[0]
    return metres / 1000


def score(folder: Path) -> Score:
    said = run("replay", str(folder))
    assert said.count("SYNTHETIC") == said.count(" stations, ")  # every event's line says so
    (run_id,) = set(re.findall(r"run/[0-9a-f]{16}", said))
    events = json.loads(run("events", "list", "--format", "json", "--run", run_id))["events"]
    with (folder / "truth.csv").open() as file:
        return Score(list(csv.DictReader(file)), events)


ORDER = ("--stations", "places.csv", "--hours", "0.15", "--events", "2", "--magnitudes", "2.5", "3", "--gaps", "0")


def test_the_truth_is_found_and_called_synthetic(tmp_path: Path) -> None:
    said = run("simulate", "s", *ORDER, "--seed", "3")
    assert "s: SYNTHETIC, 6 stations" in said
    found = score(tmp_path / "s")
    print(found.told())
    pairs = found.matches()
    assert [known["time"] for known, _ in pairs] == [known["time"] for known in found.truth]
    for known, event in pairs:
        assert distance_km(known, event) < 5
        assert event["magnitude_kind"] == "ML"
        assert event["magnitude"] == pytest.approx(float(known["mag"]), abs=0.3)
        assert event["is_synthetic"] is True
        shown = run("events", "show", event["id"], "--run", event["run"])
        assert "SYNTHETIC" in shown
    (listed,) = json.loads(run("runs", "list", "--format", "json"))["runs"]
    assert listed["is_synthetic"] is True


def test_the_files_say_what_they_are_and_the_same_seed_makes_the_same(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        run("simulate", name, *ORDER[:3], "0.1", *ORDER[4:], "--seed", seed, "--rate", "20")
    bytes_of = {
        name: {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*.*")
            if path.is_file()
        }
        for name in "abc"
    }
    assert bytes_of["a"] == bytes_of["b"]
    assert bytes_of["a"].keys() == bytes_of["c"].keys()
    assert all(bytes_of["a"][path] != bytes_of["c"][path] for path in bytes_of["a"])
    files = find_files(tmp_path / "a")
    assert {file.source_id.network for file in files} == {"SY"}
    assert len(files) == 18
    assert "Synthetic" in (tmp_path / "a" / "SYNTHETIC.txt").read_text()
    inventory = obspy.read_inventory(str(tmp_path / "a" / "stations.xml"))
    assert inventory.sender == "SYNTHETIC"
    assert "Synthetic" in inventory[0].description
    assert _validate(str(tmp_path / "a" / "truth.quakeml"))
    truth = obspy.read_events(str(tmp_path / "a" / "truth.quakeml"))
    with (tmp_path / "a" / "truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [event.magnitudes[0].mag for event in truth] == [float(row["mag"]) for row in rows]


def test_a_folder_with_files_and_places_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("network,station,latitude,longitude,elevation_m\nKN,AAK,x,74.4,1645\n")
    (tmp_path / "short.csv").write_text("network,station\nKN,AAK\n")
    (tmp_path / "empty.csv").write_text("network,station,latitude,longitude,elevation_m\n")
    for args, said in (
        ((str(tmp_path), *ORDER), "a new or an empty folder is needed"),
        (("s", "--stations", "few.csv"), "few.csv: line 2: latitude, longitude, elevation_m must be numbers"),
        (("s", "--stations", "short.csv"), "latitude, longitude, elevation_m missing"),
        (("s", "--stations", "empty.csv"), "elevation_m are needed, there is none"),
        (("s",), "stations with places are needed: --stations FILE"),
    ):
        result = CliRunner().invoke(main, ["simulate", *args])
        assert result.exit_code == 2
        assert said in result.output
    assert not (tmp_path / "s").exists()


@pytest.mark.soak
@pytest.mark.data
def test_half_an_hour_of_eight_stations_of_central_asia(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    places = shared_data("stations") / "stations_region.csv"
    run("simulate", "s", "--stations", str(places), "--centre", "42.3", "75", "--hours", "0.5", "--events", "6")
    found = score(tmp_path / "s")
    print(found.told())
    pairs = found.matches()
    assert len({known["time"] for known, _ in pairs}) >= 5
    assert len(found.found) - len(pairs) <= 4
