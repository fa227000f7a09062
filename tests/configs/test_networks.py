"""The networks in configs/networks: they load, stand where they should, and agree with their sources."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import configs
from configs import load
from configs.remarks import Level, remarks
from stations.settings import SiteSettings

FOLDER = Path(configs.__file__).parent / "networks"
FILES = sorted(FOLDER.glob("*.toml"))
NAMES = FOLDER / "networks.toml"
DESCRIBING = [path for path in FILES if path.stem not in ("asia", "networks")]
PARTNERS = {"CN", "KZ", "KG", "TJ", "TM", "UZ", "LA", "MM", "PK", "ID", "NP"}

# Positions that are not in stations_region.csv: unknown, or of the report that the comment names.
ELSEWHERE = {"GE.KBU", "PS.JAY"}

# Names and extent in whole degrees, rounded outwards: south, north, west, east.
COUNTRIES = {
    "AF": ("Afghanistan", 29, 39, 60, 75),
    "CN": ("China", 18, 54, 73, 136),
    "ID": ("Indonesia", -12, 7, 94, 142),
    "KG": ("Kyrgyzstan", 39, 44, 69, 81),
    "KZ": ("Kazakhstan", 40, 56, 46, 88),
    "LK": ("Sri Lanka", 5, 10, 79, 82),
    "MM": ("Myanmar", 9, 29, 92, 102),
    "MN": ("Mongolia", 41, 53, 87, 120),
    "MY": ("Malaysia", 0, 8, 99, 120),
    "NP": ("Nepal", 26, 31, 80, 89),
    "PH": ("Philippines", 4, 22, 116, 127),
    "PK": ("Pakistan", 23, 38, 60, 78),
    "TH": ("Thailand", 5, 21, 97, 106),
    "TJ": ("Tajikistan", 36, 42, 67, 76),
    "TM": ("Turkmenistan", 35, 43, 52, 67),
    "UZ": ("Uzbekistan", 37, 46, 55, 74),
}


def sites() -> dict[str, SiteSettings]:
    return {site.code: site for path in DESCRIBING for site in load(path).station}


def test_there_are_networks_of_every_partner_but_laos() -> None:
    assert len(sites()) > 50
    assert PARTNERS - {site.country for site in sites().values()} == {"LA"}
    assert "| Laos |" in (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", [*DESCRIBING, FOLDER / "asia.toml"], ids=lambda path: path.stem)
def test_nothing_in_a_file_contradicts_the_rest(path: Path) -> None:
    """Every wanted station is described, every described one is wanted, and nothing has no effect."""
    settings = load(path)
    assert settings.station
    assert [remark for remark in remarks(settings) if remark.level is not Level.NOTE] == []
    wanted = {pattern.rsplit(".", 2)[0] for server in settings.seedlink for pattern in server.streams}
    assert wanted == {site.code for site in settings.station if site.usage != "off"}


def test_all_files_go_together(tmp_path: Path) -> None:
    path = tmp_path / "all.toml"
    path.write_text(f"include = {[str(file) for file in DESCRIBING]}")
    codes = [site.code for site in load(path).station]
    assert len(codes) == len(set(codes)) == sum(len(load(file).station) for file in DESCRIBING)


def test_asia_has_what_streams() -> None:
    settings = load(FOLDER / "asia.toml")
    assert {server.name for server in settings.seedlink} == {"earthscope", "geofon"}
    assert {Path(file).name for file in settings.include} == {"earthscope.toml", "geofon.toml", "networks.toml"}


def test_every_network_has_a_name_and_an_agency_as_its_comment_says() -> None:
    names = load(NAMES)
    agencies = {agency.code: agency for agency in names.agency}
    told = {each.code: (each.name, agencies[each.agency].name if each.agency else "") for each in names.network}
    assert set(told) == {code.partition(".")[0] for code in sites()}
    said = re.compile(r"^# ([A-Z]{2}): ([^;\n]+); ([^\n]+) \[N\]$", re.MULTILINE)
    found = [found for path in DESCRIBING for found in said.findall(path.read_text("utf-8"))]
    assert {code for code, _, _ in found} == set(told)
    wrong = [row for row in found if told[row[0]] != (row[1], "" if row[2].startswith("no operator") else row[2])]
    assert wrong == []


def test_every_station_stands_in_its_country() -> None:
    astray = []
    for code, site in sites().items():
        _, south, north, west, east = COUNTRIES[site.country]
        if site.latitude_deg is None or site.longitude_deg is None:
            astray += [code] if code not in ELSEWHERE else []
        elif not (south <= site.latitude_deg <= north and west <= site.longitude_deg <= east):
            astray.append(code)
    assert astray == []


@pytest.mark.parametrize("path", DESCRIBING, ids=lambda path: path.stem)
def test_facts_name_their_source(path: Path) -> None:
    """Above each server and data centre, and for each network, a comment says whence the fact is."""
    text = path.read_text("utf-8")
    for block in re.findall(r"((?:^#.*\n)+)\[\[seedlink\]\]", text, re.MULTILINE):
        assert re.search(r"\[S\].*2026-\d\d-\d\d", block, re.DOTALL)
    for block in re.findall(r"((?:^#.*\n)+)\[\[fdsn\]\]", text, re.MULTILINE):
        assert "ObsPy" in block
    table = tomllib.loads(text)
    assert text.count('] "SeedLink v4.0') == len(table.get("seedlink", ()))
    assert text.count("from ObsPy") == len(table.get("fdsn", ()))
    for network in {site["code"].partition(".")[0] for site in table["station"]}:
        assert re.search(rf"^# {network}: .*\[N\]$", text, re.MULTILINE), network
    assert re.search(r"\[P\] positions: .*2017-2020", text)


@pytest.mark.parametrize("path", DESCRIBING, ids=lambda path: path.stem)
def test_stations_are_in_groups_of_country_and_network(path: Path) -> None:
    country = network = ""
    wrong = []
    for line in path.read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"# ---- ([\w ]+?) -+", line):
            country = heading[1]
        elif heading := re.match(r"# (\w\w): ", line):
            network = heading[1]
        elif (code := re.match(r'code = "(\w+)\.', line)) and code[1] != network:
            wrong.append(line)
        elif (key := re.match(r'country = "(\w\w)"', line)) and COUNTRIES[key[1]][0] != country:
            wrong.append(f"{line} below {country}")
    assert network
    assert wrong == []


@pytest.mark.data
def test_stations_are_those_of_the_lists(shared_data: Callable[[str], Path]) -> None:
    """Position, elevation (unless left out with a reason) and country, against the lists that they come from."""
    with (shared_data("stations") / "stations_region.csv").open(encoding="utf-8", newline="") as file:
        listed = {f"{row['network']}.{row['station']}": row for row in csv.DictReader(file) if row["network"]}
    differing = []
    for code, site in sites().items():
        if code in ELSEWHERE:
            continue
        row = listed[code]
        same = (float(row["latitude"]), float(row["longitude"])) == (site.latitude_deg, site.longitude_deg)
        same &= site.elevation_m in (None, float(row["elevation_m"]))
        same &= row["country"].removesuffix(" (coast)") == COUNTRIES[site.country][0]
        differing += [] if same else [code]
    assert differing == []
    assert set(listed) & ELSEWHERE == set()
    without = {code for code, site in sites().items() if site.elevation_m is None}
    assert without == {"GE.KBU", "IM.BDK", "IM.HRA", "MM.HKA", "MM.TMU", "MM.YGN"}


@pytest.mark.data
def test_servers_are_those_of_the_list(shared_data: Callable[[str], Path]) -> None:
    with (shared_data("stations") / "seedlink_fdsn_servers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {f"{row['host']}:{row['port']}" if row["port"] else row["host"] for row in rows}
    named = {server.address for path in DESCRIBING for server in load(path).seedlink}
    named |= {service.address for path in DESCRIBING for service in load(path).fdsn}
    assert named
    assert named <= known
