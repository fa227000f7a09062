"""Noise of channels as a page, a picture and a table: of a real day, against ObsPy's PPSD."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import obspy
import pytest
from flask.testing import FlaskClient
from obspy.signal import PPSD

from acquisition.archive import Archive
from acquisition.archive_import import import_files
from database.store import Store
from houfeng.indexing import ArchiveIndex
from houfeng.noise_archive import NoiseArchive
from houfeng.times import NS_PER_S, parse_ns
from stations.health.noise import Noise
from stations.inventory import Inventory, parse_stationxml
from stations.responsexml import Responses
from webui.spectra import BOX_HEIGHT, SHADES, TOP, spectra

SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
DAY_NS = parse_ns("2010-01-01")
ANMO = "IU.ANMO.00.LHZ"


@pytest.fixture
def inventory() -> Inventory:
    return parse_stationxml((SIGNAL_DATA / "IUANMO.xml").read_bytes(), "IUANMO.xml")


@pytest.fixture
def recorded(filled: Store, tmp_path: Path) -> None:
    """A day of IU.ANMO and its noise, without metadata."""
    path = tmp_path / "day.mseed"
    obspy.read(SIGNAL_DATA / "IUANMO.seed").write(path, format="MSEED", reclen=512)
    archive = Archive(tmp_path / "archive")
    import_files(archive, [path])
    archive.close()
    ArchiveIndex(tmp_path / "archive", filled).update()
    nothing = Responses(Inventory({}, ()))
    n_made = NoiseArchive(tmp_path / "archive", filled, 3600).update(nothing, DAY_NS + 3 * 86_400 * NS_PER_S)
    assert n_made >= 1


@pytest.fixture
def measured(recorded: None, filled: Store, inventory: Inventory) -> None:
    """The same with its StationXML."""
    with filled.begin() as unit:
        unit.save_inventory(inventory)


def test_percentiles_are_those_of_ppsd(client: FlaskClient, measured: None) -> None:
    answer = client.get(f"/api/v1/noise/{ANMO}?range=30d").json
    rows = answer["noise"]
    stream = obspy.read(SIGNAL_DATA / "IUANMO.seed")
    oracle = PPSD(stream[0].stats, obspy.read_inventory(str(SIGNAL_DATA / "IUANMO.xml")))
    oracle.add(stream)
    assert [row["period_s"] for row in rows] == pytest.approx(oracle.period_bin_centers, rel=1e-5)
    # get_percentile answers with the lower edges of a histogram's bins: the levels of its windows are compared instead
    for percent in (5, 50, 95):
        theirs = np.percentile(oracle.psd_values, percent, axis=0)
        ours = [row[f"p{percent:02d}_db"] for row in rows]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.0101)  # kept and given to 0.01 dB
    # Peterson (1993), tables 3 and 4, of periods from 10 to 12 s
    near = next(row for row in rows if 10 < row["period_s"] < 12)
    assert near["low_noise_db"] == pytest.approx(-132.18 - 31.57 * np.log10(near["period_s"]), abs=0.1)
    assert near["high_noise_db"] == pytest.approx(-93.37 - 22.42 * np.log10(near["period_s"]), abs=0.1)
    lines = csv.DictReader(io.StringIO(client.get(f"/api/v1/noise/{ANMO}?format=csv").get_data(as_text=True)))
    assert [float(line["p50_db"]) for line in lines] == [row["p50_db"] for row in rows]


def test_the_picture_is_a_file_by_itself_and_part_of_the_page(
    client: FlaskClient, get: Callable[..., str], measured: None
) -> None:
    answer = client.get(f"/api/v1/noise/{ANMO}?format=svg")
    assert answer.mimetype == "image/svg+xml"
    root = ElementTree.fromstring(answer.get_data())
    lines = {each.get("class"): each.get("points") for each in root.iter("{http://www.w3.org/2000/svg}polyline")}
    assert set(lines) == {"p05", "p50", "p95", "low", "high"}
    assert all(lines.values())
    page = get(f"/noise/{ANMO}?lang=zh")
    assert f'points="{lines["p50"]}"' in page
    assert "分位数" in page
    windows = re.search(r"没有间断的一小时窗（每半小时一个）：(\d+)", page)
    assert windows is not None
    assert int(windows[1]) == client.get(f"/api/v1/noise/{ANMO}").json["noise"][0]["n_windows"]


def test_metadata_that_come_later_count_at_once(
    client: FlaskClient, get: Callable[..., str], filled: Store, recorded: None, inventory: Inventory
) -> None:
    assert client.get(f"/api/v1/noise/{ANMO}").json == {
        "noise": [],
        "since": "2009-12-03T00:00:00.000000Z",
        "until": "2010-01-02T00:00:00.000000Z",
        "remark": f"{ANMO}: no metadata of this time",
    }
    assert "no metadata of this time" in get(f"/noise/{ANMO}")
    assert client.get(f"/api/v1/noise/{ANMO}?format=svg").status_code == 404
    with filled.begin() as unit:
        unit.save_inventory(inventory)
    assert len(client.get(f"/api/v1/noise/{ANMO}").json["noise"]) > 30


def test_what_is_not_there_is_said(client: FlaskClient, get: Callable[..., str]) -> None:
    assert "There is no noise of this channel yet" in get("/noise/KR.NRN.00.BHZ")
    assert client.get("/api/v1/noise/KR.NRN.00.BHZ").status_code == 404
    assert client.get("/noise/KR.NRN.00.HHQ").status_code == 404
    assert client.get("/noise/KR.NRN.00.BHZ?range=2d").status_code == 400
    assert 'href="/noise/KR.NRN.00.BHZ"' in get("/channels/KR.NRN.00.BHZ")


def test_each_level_has_its_place_and_shade() -> None:
    periods_s = 2.0 ** np.arange(-2, 6, 1 / 8)
    levels = np.full((100, len(periods_s)), -120.5)
    levels[:4] = -80.5  # of the windows, 4 % are loud
    drawn = spectra(Noise(periods_s, levels))
    cells = {n: re.findall(r"M(\d+) (\d+)h1v(\d+)", path) for n, path in enumerate(drawn.shades) if path}
    assert set(cells) == {SHADES.index(3.0), SHADES.index(30.0)}
    n = len(periods_s)
    assert cells[SHADES.index(30.0)] == [(str(k), "70", "1") for k in range(n)]  # -50 dB is the top
    assert cells[SHADES.index(3.0)] == [(str(k), "30", "1") for k in range(n)]
    heights = {float(point.split(",")[1]) for point in drawn.lines["p50"].split()}
    assert heights == {round(TOP + BOX_HEIGHT * 70.5 / 150, 1)}
    assert [label for _, label in drawn.periods] == ["1", "10"]
