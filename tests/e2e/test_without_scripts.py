"""Without JavaScript every page has its tables, its links and its pictures, drawn by the server."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import obspy
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from acquisition.archive import Archive
from acquisition.archive_import import import_files
from database import alerts, queries
from database.store import Store
from houfeng.indexing import ArchiveIndex
from houfeng.noise_archive import NoiseArchive
from houfeng.times import parse_ns
from stations.inventory import parse_stationxml
from stations.responsexml import Responses
from tests.e2e.conftest import Site
from tests.e2e.test_access import ALERT, SHORT
from tests.e2e.test_every_page import archive_minutes

pytestmark = pytest.mark.chromium

ANMO_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
PICTURE = "svg path.trace"
# What each page has to show: selectors, and how many at least.
SHOWN = {
    "/": {".stations tbody tr": 4, ".counts a": 5, "svg.map use": 4, ".events tbody a": 1},
    "/stations": {".stations tbody tr": 4, ".chips a": 4, ".stations thead a": 20},
    "/stations/KR.NRN": {".why tbody tr": 2, ".channels tbody a": 1, ".by-hour path, .by-hour rect": 1, ".picks tr": 2},
    "/channels/KR.NRN.00.BHZ": {".now tbody tr": 10, ".explained": 10, "main a[href^='/drum/']": 1},
    "/waveforms/KR.NRN.00.BHZ": {PICTURE: 1, "a[rel=prev]": 1, ".filters button": 1},
    "/drum/KR.NRN.00.BHZ": {PICTURE: 1, ".line-heads a": 1, "a[rel=prev]": 1, ".filters button": 1},
    "/spectrogram/KR.NRN.00.BHZ": {"svg.spectrogram image": 1, "svg.spectrogram text": 4, "a[rel=prev]": 1},
    "/noise/IU.ANMO.00.LHZ?range=1y": {"svg.noise polyline": 5, "svg.noise path.shade": 3, "tbody tr": 8},
    "/wall?channels=KR.NRN.00.BHZ": {".wall li": 1, PICTURE: 1, ".filters button": 2},
    "/availability": {"tbody tr": 1},
    "/events": {".events tbody a": 1},
    "/events/{event}": {".arrivals tbody tr": 3, f".records {PICTURE.removeprefix('svg ')}": 1, ".facts div": 10},
    "/runs": {".runs tbody tr": 2},
    "/runs/live/diff/replay": {"main table tbody tr": 1},
    "/alerts": {".alerts tbody a": 1},
    f"/alerts/{SHORT}": {"main section": 2},
    "/daemons": {"tbody tr": 2},
    "/config": {"tbody tr": 50},
    "/measures": {"tbody tr": 30},
}


def archive_noise(folder: Path, store: Store) -> None:
    """A day of IU.ANMO, its response and its noise."""
    path = folder / "day.mseed"
    obspy.read(ANMO_DATA / "IUANMO.seed").write(path, format="MSEED", reclen=512)
    archive = Archive(folder / "archive")
    import_files(archive, [path])
    archive.close()
    ArchiveIndex(folder / "archive", store).update()
    inventory = parse_stationxml((ANMO_DATA / "IUANMO.xml").read_bytes(), "IUANMO.xml")
    with store.begin() as unit:
        unit.save_inventory(inventory)
    until_ns = parse_ns("2010-01-04")
    assert NoiseArchive(folder / "archive", store, 3600).update(Responses(inventory), until_ns) >= 1


def test_each_page_is_whole(site: Site, chromium: WebDriver, tmp_path: Path) -> None:
    archive_minutes(tmp_path, site.store)
    archive_noise(tmp_path, site.store)
    with site.store.begin() as unit:
        alerts.save(unit, [ALERT], [], [])
    with site.store.read() as snapshot:
        event = queries.events(snapshot)[0].public_id.removeprefix("event/")
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    missing = []
    for page, shown in SHOWN.items():
        chromium.get(site.address + page.format(event=event))
        for css, least in shown.items():
            found = chromium.find_elements(By.CSS_SELECTOR, css)
            if len(found) < least or not seen(found[0].size):
                missing.append((page, css, len(found), found[0].size if found else {}))
        # a picture of nothing is an element as well
        for trace in chromium.find_elements(By.CSS_SELECTOR, PICTURE)[:1]:
            if (trace.get_dom_attribute("d") or "").count("M") < 1:
                missing.append((page, "no trace", 0, {}))
        for image in chromium.find_elements(By.CSS_SELECTOR, "image"):
            with urllib.request.urlopen(site.address + str(image.get_dom_attribute("href")), timeout=60) as answer:
                assert answer.read(8) == b"\x89PNG\r\n\x1a\n"
        assert len(chromium.find_elements(By.CSS_SELECTOR, "nav a")) == 8
        # what only scripts bring to life is not offered
        idle = chromium.find_elements(By.CSS_SELECTOR, "[data-local], .keys kbd")
        assert not any(each.is_displayed() for each in idle), page
    assert missing == []


def seen(size: dict[str, int]) -> bool:
    return size["width"] > 0 or size["height"] > 0
