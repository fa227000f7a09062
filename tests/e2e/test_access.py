"""Signing in and acting in a real browser; and names that somebody made to do harm do none."""

from __future__ import annotations

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from database import accounts, alerts, queries, registry
from database.accounts import Change
from houfeng.passwords import hashed
from houfeng.roles import Role
from houfeng.times import NS_PER_S, now_ns
from stations.alerts.alert import Alert
from stations.alerts.words import Kind, Severity
from stations.card import Card
from stations.inventory import Inventory, Site
from tests.e2e.conftest import Site as Served
from tests.e2e.test_pages import press, text, wait

pytestmark = pytest.mark.chromium

PASSWORD = "correct horse battery"
HOSTILE = '"><img src=x onerror="window.struck=1"><script>window.struck=1</script>'
NAMES = {
    "KR.NRN": HOSTILE,
    "II.AAK": "长" * 300,
    "IC.LSA": "\u202eسلام</title>\u202e{{7*7}}",
    "IM.BDK": "'+alert(1)+'" * 9,
}
ALERT = Alert(Kind.SERVER, f"server {HOSTILE}", Severity.MAJOR, now_ns() - 60 * NS_PER_S, "server", HOSTILE)
SHORT = ALERT.alert_id.removeprefix("alert/")
PAGES = ("/", "/stations/KR.NRN", "/stations/II.AAK", "/stations/IC.LSA", "/events", "/alerts", f"/alerts/{SHORT}")
PAGES += ("/availability", "/runs", "/runs/live/diff/replay", "/audit", "/config", "/daemons")
PAGES += ("/wall", "/stations", "/reports", "/measures", "/about")
PAGES += tuple(f"/{kind}/KR.NRN.00.BHZ" for kind in ("waveforms", "drum", "spectrogram", "channels", "noise"))
UNNAMED = """return [...document.querySelectorAll("input:not([type=hidden]), select, button")].filter(
    (each) => !each.labels?.length && !each.ariaLabel && !each.hidden && !each.textContent.trim()).length"""
WIDE = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


def fill(site: Served) -> None:
    """An operator, and hostile words wherever somebody else's words are shown."""
    now = now_ns()
    sites = {name: Site(name, 41.0, 75.0, 2130.0, said, "KG") for name, said in NAMES.items()}
    with site.store.begin() as unit:
        accounts.add(unit, "aigul", Role.OPERATOR, hashed(PASSWORD), Change(now, "root", "test"))
        unit.save_inventory(Inventory(sites, (), ()))
        registry.save_cards(unit, {"KR.NRN": Card("full", HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), HOSTILE)})
        registry.set_corrections(unit, "KR.NRN", {"link": HOSTILE}, at_ns=now, by="li", why=HOSTILE)
        alerts.save(unit, [ALERT], [], [])


def fields(browser: WebDriver, **said: str) -> None:
    for name, value in said.items():
        browser.find_element(By.CSS_SELECTOR, f"main form [name={name}]").send_keys(value)


def test_an_operator_signs_in_and_acts_and_hostile_words_are_words(site: Served, chromium: WebDriver) -> None:
    fill(site)
    chromium.get(f"{site.address}/alerts/{SHORT}")
    assert not chromium.find_elements(By.CSS_SELECTOR, "#act-ack")
    chromium.find_element(By.CSS_SELECTOR, ".account a").click()
    fields(chromium, name="aigul", password=PASSWORD + Keys.ENTER)
    wait(chromium, lambda b: text(b, ".account b") == "aigul")
    assert chromium.current_url.endswith(f"/alerts/{SHORT}")  # where she came from
    press(chromium, "a")
    focused = "return document.activeElement.closest('form')?.id + document.activeElement.name"
    assert chromium.execute_script(focused) == "act-ackwhy"
    press(chromium, HOSTILE, Keys.ENTER)
    wait(chromium, lambda b: not b.find_elements(By.CSS_SELECTOR, "#act-ack"))
    assert HOSTILE in text(chromium, '[aria-labelledby="history"]')
    assert chromium.get_cookie("houfeng")["httpOnly"] is True  # type: ignore[index]
    found = []
    with site.store.read() as snapshot:
        event = queries.events(snapshot)[0].public_id.removeprefix("event/")
    pages = (*PAGES, f"/events/{event}")
    for page in pages:
        size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        chromium.get(f"{site.address}{page}?lang=ru")  # the widest words
        struck = chromium.execute_script("return window.struck ?? document.querySelectorAll('img').length")
        needed, there = chromium.execute_script(WIDE)
        found.append((page, struck, max(0, needed - there), chromium.execute_script(UNNAMED)))
    assert [each for each in found if any(each[1:])] == [] and len(found) == len(pages)
    assert text(chromium, "h1") and "49" not in text(chromium, "title")
    chromium.find_element(By.CSS_SELECTOR, ".account button").click()
    wait(chromium, lambda b: bool(b.find_elements(By.CSS_SELECTOR, ".account a")))
