"""The pages as people use them: a real browser on a real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from houfeng.times import parse_ns
from houfeng.types import SourceId
from stations.health import State
from tests.e2e.conftest import Site
from tests.webui.conftest import make_event, make_status

pytestmark = pytest.mark.chromium

PAGES = ("/", "/?status=BAD", "/stations/KR.NRN", "/stations/IM.BDK", "/events", "/alerts", "/runs", "/about")
PAGES += ("/runs/live/diff/replay", "/channels/KR.NRN.00.BHZ", "/noise/KR.NRN.00.BHZ", "/availability")
PAGES += ("/waveforms/KR.NRN.00.BHZ", "/drum/KR.NRN.00.BHZ", "/spectrogram/KR.NRN.00.BHZ", "/wall")
ROOT = "document.documentElement"
LATENCY = ("total_latency", "total_latency_s", 300.0, 120.0, "s")


def text(browser: WebDriver, css: str) -> str:
    """What stands there, with single spaces."""
    found = browser.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", css)
    return " ".join(found.split())


def wait(browser: WebDriver, what: Callable[[WebDriver], object], seconds: float = 60) -> None:
    WebDriverWait(browser, seconds, poll_frequency=0.1).until(what)


def wait_until_live(site: Site, browser: WebDriver) -> None:
    """Until the page says so; data that have become stale on a busy computer, after 10 s, are renewed."""

    def is_live(_: WebDriver) -> bool:
        said = text(browser, "#live")
        if said.startswith("Stale"):
            with site.store.begin() as unit:
                unit.save_statuses([make_status("II.AAK")])
        return said.startswith("Live, data ")

    wait(browser, is_live)


def press(browser: WebDriver, *keys: str) -> None:
    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def row(station_id: str) -> str:
    return f'.stations tr[data-key="{station_id}"]'


def click(browser: WebDriver, css: str) -> None:
    browser.find_element(By.CSS_SELECTOR, css).click()


def test_a_reader_clicks_through_every_page(site: Site, chromium: WebDriver) -> None:
    chromium.get(f"{site.address}/")
    order = [found.text for found in chromium.find_elements(By.CSS_SELECTOR, ".stations tbody th")]
    assert order == ["KR.NRN", "IM.BDK", "IC.LSA", "II.AAK"]  # worst first
    assert "Recorded data." in text(chromium, ".notice")
    click(chromium, f"{row('KR.NRN')} a")
    assert text(chromium, "h1") == "KR.NRN"
    assert "Timing quality 38 %, limit 50 %" in text(chromium, ".because")
    assert "Нарын" in text(chromium, ".title")
    click(chromium, "a[rel=prev], a[rel=next]")
    assert text(chromium, "h1") != "KR.NRN"
    click(chromium, "nav a[href$='/events']")
    click(chromium, ".events tbody a")
    assert "KYRGYZSTAN" in text(chromium, "main")
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".arrivals tbody tr")) == 3
    click(chromium, ".arrivals tbody th a")
    assert text(chromium, "h1") == "KR.NRN"
    click(chromium, "nav a[href$='/runs']")
    click(chromium, 'tr[data-key="run/replay"] a')
    assert "Replay of recorded data" in text(chromium, "main")
    click(chromium, ".events tbody a")
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".arrivals tbody tr")) == 2  # the replay found two, live three
    click(chromium, "nav a[href$='/about']")
    assert "LGPL" in text(chromium, "main")


def test_rows_that_the_first_frame_leaves_out_follow(site: Site, chromium: WebDriver) -> None:
    with site.store.begin() as unit:
        unit.save_statuses([make_status(f"XX.S{n:04}") for n in range(130)])
    chromium.get(f"{site.address}/stations")
    seen = "return [...document.querySelectorAll('.stations tbody tr')].map((row) => row.offsetHeight > 0)"
    wait(chromium, lambda b: all(b.execute_script(seen)))
    assert len(chromium.execute_script(seen)) == 134


def test_a_change_arrives_without_a_reload(site: Site, chromium: WebDriver) -> None:
    chromium.get(f"{site.address}/")
    wait_until_live(site, chromium)
    chromium.execute_script("window.sameDocument = true; document.querySelector('.search input').focus()")
    with site.store.begin() as unit:
        unit.save_statuses([make_status("II.AAK", State.BAD, "Latency 300 s, limit 120 s", broken=LATENCY)])
        unit.save_picks("run/live", make_event(1_700_000_000_000_000_000).picks)
    wait(chromium, lambda b: "BAD" in text(b, row("II.AAK")))
    assert "Latency 300 s, limit 120 s" in text(chromium, row("II.AAK"))
    assert text(chromium, ".counts li:first-child b") == "2"
    assert chromium.execute_script("return window.sameDocument") is True
    # where the reader types he goes on typing
    assert chromium.execute_script("return document.activeElement.name") == "q"


def test_one_tab_holds_the_stream_and_tells_the_others(site: Site, chromium: WebDriver) -> None:
    chromium.get(f"{site.address}/")
    wait_until_live(site, chromium)
    chromium.switch_to.new_window("tab")
    chromium.get(f"{site.address}/")
    locks = "return navigator.locks.query().then((all) => [all.held.length, all.pending.length])"
    wait(chromium, lambda b: b.execute_script(locks) == [1, 1])
    with site.store.begin() as unit:
        unit.save_statuses([make_status("II.AAK", State.BAD, "Latency 300 s, limit 120 s", broken=LATENCY)])
    # this tab waits for the lock: the other one must have told it
    wait(chromium, lambda b: "BAD" in text(b, row("II.AAK")))
    assert chromium.execute_script(locks) == [1, 1]
    assert "Latency 300 s, limit 120 s" in text(chromium, row("II.AAK"))


def test_a_dead_server_is_seen(site: Site, chromium: WebDriver) -> None:
    chromium.get(f"{site.address}/")
    wait_until_live(site, chromium)
    site.process.terminate()
    site.process.wait(60)
    wait(chromium, lambda b: "Reconnecting, attempt" in text(b, "#live"), seconds=120)
    assert re.fullmatch(r"Stale, data \d+ s old\. Reconnecting, attempt [1-9]\d*", text(chromium, "#live"))
    assert text(chromium, row("KR.NRN")).startswith("BAD")  # what was known stays on the page
    chromium.get("about:blank")
    chromium.get_log("browser")  # refused connections


def test_a_dead_daemon_is_seen(site: Site, chromium: WebDriver) -> None:
    """The page and its server are well, and nobody renews a status: no colour stays, and then none is OK."""
    with site.store.begin() as unit:
        names = ("II.AAK", "IC.LSA", "IM.BDK", "KR.NRN")  # statuses count for two minutes
        unit.save_statuses([make_status(name, age_s=100) for name in names])
    chromium.get(f"{site.address}/?lang=en")
    wait(chromium, lambda b: "OK" in text(b, row("IC.LSA")))
    wait(chromium, lambda b: b.execute_script(f"return {ROOT}.hasAttribute('data-lost')"))
    assert "grayscale" in chromium.execute_script("return getComputedStyle(document.getElementById('main')).filter")
    wait(chromium, lambda b: text(b, row("IC.LSA")).startswith("UNKNOWN"), seconds=120)
    assert "OK" not in {text(chromium, row(name)).split()[0] for name in names}
    with site.store.begin() as unit:
        unit.save_statuses([make_status("IC.LSA")])
    wait(chromium, lambda b: text(b, row("IC.LSA")).startswith("OK"))
    wait(chromium, lambda b: not b.execute_script(f"return {ROOT}.hasAttribute('data-lost')"))


def test_pages_are_asked_for_where_no_stream_comes_through(site: Site, chromium: WebDriver) -> None:
    chromium.execute_cdp_cmd("Network.enable", {})
    chromium.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/api/v1/stream*"]})
    try:
        chromium.get(f"{site.address}/")
        with site.store.begin() as unit:
            unit.save_statuses([make_status("II.AAK", State.BAD, "Latency 300 s, limit 120 s", broken=LATENCY)])
        wait(chromium, lambda b: "BAD" in text(b, row("II.AAK")))
        wait(chromium, lambda b: text(b, "#live").startswith("Polling"))
        assert "Latency 300 s, limit 120 s" in text(chromium, row("II.AAK"))
    finally:
        chromium.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        chromium.get("about:blank")
        chromium.get_log("browser")  # the blocked stream


def test_rows_do_not_move_under_the_cursor(site: Site, chromium: WebDriver) -> None:
    chromium.get(f"{site.address}/")
    wait_until_live(site, chromium)
    ActionChains(chromium).move_to_element(chromium.find_element(By.CSS_SELECTOR, row("IC.LSA"))).perform()
    with site.store.begin() as unit:
        unit.save_statuses([make_status("II.AAK", State.BAD, "Latency 300 s, limit 120 s", broken=LATENCY)])
    wait(chromium, lambda b: b.find_element(By.ID, "reorder").is_displayed())
    ids = "return [...document.querySelectorAll('.stations tbody tr')].map((row) => row.dataset.key)"
    assert chromium.execute_script(ids)[-1] == "II.AAK"
    click(chromium, "#reorder")
    assert chromium.execute_script(ids)[0] == "II.AAK"


def test_keys(site: Site, chromium: WebDriver) -> None:
    chromium.get(f"{site.address}/")
    press(chromium, "?")
    wait(chromium, lambda b: b.find_element(By.ID, "help").is_displayed())
    press(chromium, Keys.ESCAPE, "f")
    assert chromium.execute_script("return document.activeElement.closest('.filters') !== null")
    press(chromium, Keys.ESCAPE, "/")
    assert chromium.execute_script("return document.activeElement.name") == "q"
    press(chromium, "нарын", Keys.ENTER)
    wait(chromium, lambda b: "q=" in b.current_url)
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".stations tbody tr")) == 1
    while "KR.NRN" not in str(chromium.execute_script("return document.activeElement.closest('tr')?.dataset.key")):
        press(chromium, "j")
    press(chromium, Keys.ENTER)
    wait(chromium, lambda b: text(b, "h1") == "KR.NRN")
    press(chromium, "[")
    wait(chromium, lambda b: text(b, "h1") == "IM.BDK")
    press(chromium, "]")
    wait(chromium, lambda b: text(b, "h1") == "KR.NRN")


def test_a_waveform_is_moved_and_the_address_says_so(site: Site, chromium: WebDriver, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")  # of the site
    start_ns = parse_ns("2026-03-01")
    noise = np.random.default_rng(1).integers(-300, 300, 20 * 600).astype(np.int32)
    archive.append([decode(raw) for raw in pack(SourceId.parse("KR.NRN.00.BHZ"), start_ns, 20.0, noise)])
    archive.close()
    chromium.get(f"{site.address}/waveforms/KR.NRN.00.BHZ?start=2026-03-01T00:02:00Z&end=2026-03-01T00:04:00Z")
    drawn = "return document.querySelector('.trace').getAttribute('d')"
    before = chromium.execute_script(drawn)
    picture = chromium.find_element(By.CSS_SELECTOR, "[data-waveform]")
    picture.send_keys("+")
    # the middle minute, of 2: the address, the picture and its heading follow
    wait(chromium, lambda b: "start=2026-03-01T00%3A02%3A30.000000Z" in b.current_url)
    wait(chromium, lambda b: "00:02:30 to 2026-03-01 00:03:30" in text(b, "#picture"))
    assert chromium.execute_script(drawn) != before
    picture.send_keys(Keys.ARROW_RIGHT)
    wait(chromium, lambda b: "00:02:45 to 2026-03-01 00:03:45" in text(b, "#picture"))
    ActionChains(chromium).drag_and_drop_by_offset(picture, picture.size["width"] // 2, 0).perform()
    wait(chromium, lambda b: "00:02:15 to 2026-03-01 00:03:15" in text(b, "#picture"))
    chromium.get(chromium.current_url)  # as in a fresh browser
    assert "00:02:15 to 2026-03-01 00:03:15" in text(chromium, "#picture")


def test_everything_works_without_scripts(site: Site, chromium: WebDriver) -> None:
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    chromium.get(f"{site.address}/")
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".stations tbody tr")) == 4
    chromium.find_element(By.NAME, "country").send_keys("KG")
    click(chromium, ".filters button")
    # the driver waits for a page that a link brings, not for one that a form brings
    wait(chromium, lambda b: "country=KG" in b.current_url and b.find_elements(By.CSS_SELECTOR, "#reorder + a"))
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".stations tbody tr")) == 2
    click(chromium, '.choice a[lang="ru"]')
    wait(chromium, lambda b: "lang=ru" in b.current_url)
    assert "Станции" in chromium.find_element(By.ID, "stations").text
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".stations tbody tr")) == 2
    click(chromium, ".to-dark")
    wait(chromium, lambda b: "theme=dark" in b.current_url)
    chromium.get(f"{site.address}/about")  # both choices are remembered
    assert chromium.find_element(By.TAG_NAME, "body").value_of_css_property("color") == "rgba(230, 236, 238, 1)"
    assert "Обзор" in chromium.find_element(By.TAG_NAME, "nav").text
