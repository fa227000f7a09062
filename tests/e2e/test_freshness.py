"""No page lies about the age of what it shows: the daemon dies, the stream is held back, the network goes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.webdriver import WebDriver

from database import alerts, queries
from tests.e2e.conftest import Site
from tests.e2e.test_access import ALERT, SHORT
from tests.e2e.test_every_page import STATUS, archive_minutes
from tests.e2e.test_pages import text, wait
from tests.webui.conftest import make_status

pytestmark = pytest.mark.chromium

NAMES = ("II.AAK", "IC.LSA", "IM.BDK", "KR.NRN")
PAGES = ("/", "/stations", "/stations/KR.NRN", "/channels/KR.NRN.00.BHZ", "/noise/KR.NRN.00.BHZ", "/wall")
PAGES += ("/drum/KR.NRN.00.BHZ", "/spectrogram/KR.NRN.00.BHZ", "/waveforms/KR.NRN.00.BHZ", "/availability")
PAGES += ("/events", "/events/{event}", "/alerts", f"/alerts/{SHORT}", "/runs", "/daemons")
IS_LOST = "return document.documentElement.hasAttribute('data-lost')"
COLOURS = "return getComputedStyle(document.getElementById('main')).filter"
LOST_S = 60


def renew(site: Site) -> float:
    """The daemon looks at every station now; returns when that was, monotonic s."""
    with site.store.begin() as unit:
        unit.save_statuses([make_status(name, age_s=0) for name in NAMES])
    return time.monotonic()


def open_tabs(site: Site, browser: WebDriver, said: str, blocked: tuple[str, ...] = ()) -> dict[str, str]:
    """A tab for each page, in which `said` has stood beside the clock; page by tab. Data are new then, in colour."""
    with site.store.begin() as unit:
        alerts.save(unit, [ALERT], [], [])
    with site.store.read() as snapshot:
        event = queries.events(snapshot)[0].public_id.removeprefix("event/")
    tabs = {}

    def is_said(_: WebDriver) -> bool:
        if text(browser, "#live").startswith(("Stale", "Not live")):
            renew(site)
        return re.fullmatch(said, text(browser, "#live")) is not None

    for page in PAGES:
        browser.switch_to.new_window("tab")
        tabs[browser.current_window_handle] = page
        block(browser, *blocked)
        renew(site)
        browser.get(site.address + page.format(event=event) + "?lang=en")
        assert browser.execute_script(STATUS) == 200, page
        wait(browser, is_said, seconds=90)
        assert not browser.execute_script(IS_LOST), page
    return tabs


def block(browser: WebDriver, *urls: str) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": list(urls)})


def not_lost(browser: WebDriver, tabs: dict[str, str]) -> list[tuple[str, str]]:
    """Pages that do not say that they are lost, or keep their colours, and what they say."""
    found = []
    for tab, page in tabs.items():
        browser.switch_to.window(tab)
        try:
            wait(browser, lambda b: b.execute_script(IS_LOST), seconds=5)
        except TimeoutException:
            found.append((page, text(browser, "#live")))
            continue
        said = text(browser, "#live")
        is_told = re.fullmatch(r"Not live since [\d:]+\. Showing the last known state", said)
        if not is_told or "grayscale(1)" not in browser.execute_script(COLOURS):
            found.append((page, said))
    return found


def test_a_dead_daemon_is_seen_on_every_page(site: Site, chromium: WebDriver, tmp_path: Path) -> None:
    archive_minutes(tmp_path, site.store)
    tabs = open_tabs(site, chromium, r"Live, data [\d.]+ s old")
    died_s = renew(site)
    time.sleep(max(0.0, died_s + LOST_S + 1 - time.monotonic()))
    assert not_lost(chromium, tabs) == []


def test_a_stream_that_is_held_back_and_a_network_that_goes_are_seen_on_every_page(
    site: Site, chromium: WebDriver, tmp_path: Path
) -> None:
    archive_minutes(tmp_path, site.store)
    tabs = open_tabs(site, chromium, r"Polling every 5 s, data [\d.]+ s old", ("*/api/v1/stream*",))
    for tab in tabs:
        chromium.switch_to.window(tab)
        block(chromium, "*")
    died_s = time.monotonic()
    while time.monotonic() < died_s + LOST_S + 1:
        renew(site)  # the daemon is well, and the page does not hear of it
        time.sleep(2)
    found = not_lost(chromium, tabs)
    chromium.get_log("browser")  # what was blocked
    assert found == []
