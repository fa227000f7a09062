"""What the keys do, in a real browser: rows, neighbours, help, the time zone, and the way to each measure."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.e2e.conftest import Site
from tests.e2e.test_pages import press, text, wait

pytestmark = pytest.mark.chromium

FOCUSED_ROW = "return document.activeElement.closest('tr')?.dataset.key ?? ''"
ZONE = "return document.documentElement.dataset.zone"
FIRST_ONSET = ".events tbody time"


def test_j_and_k_step_through_the_rows_and_enter_opens(site: Site, chromium: WebDriver) -> None:
    chromium.get(f"{site.address}/stations")
    order = chromium.execute_script("return [...document.querySelectorAll('tbody tr')].map((row) => row.dataset.key)")
    press(chromium, "j")
    assert chromium.execute_script(FOCUSED_ROW) == order[0]
    press(chromium, "k")  # there is none above the first
    assert chromium.execute_script(FOCUSED_ROW) == order[0]
    press(chromium, "j", "j", "k")
    assert chromium.execute_script(FOCUSED_ROW) == order[1]
    press(chromium, *"jjjjj")
    assert chromium.execute_script(FOCUSED_ROW) == order[-1]
    # the row is marked as a whole, not by its colour alone
    outlines = "return getComputedStyle(document.activeElement.closest('tr')).outlineStyle"
    assert chromium.execute_script(outlines) == "solid"
    press(chromium, Keys.ENTER)
    wait(chromium, lambda b: text(b, "h1") == order[-1])
    chromium.back()
    wait(chromium, lambda b: b.find_elements(By.CSS_SELECTOR, ".stations"))
    chromium.execute_script("document.activeElement.blur()")
    press(chromium, "k")  # from nowhere it starts at the end
    assert chromium.execute_script(FOCUSED_ROW) == order[-1]


def test_brackets_go_round_the_stations_and_stop_at_the_ends(site: Site, chromium: WebDriver) -> None:
    seen = []
    chromium.get(f"{site.address}/stations/IC.LSA")
    for _ in range(3):
        press(chromium, "]")
        previous = [*seen, "IC.LSA"][-1]
        wait(chromium, lambda b, before=previous: text(b, "h1") not in ("", before))
        seen.append(text(chromium, "h1"))
    assert seen == ["II.AAK", "IM.BDK", "KR.NRN"]
    press(chromium, "]")  # the last: nothing happens
    assert text(chromium, "h1") == "KR.NRN"
    press(chromium, "[")
    wait(chromium, lambda b: text(b, "h1") == "IM.BDK")
    # where a person types, they are letters
    press(chromium, "/", "[", "u", "?")
    assert text(chromium, "h1") == "IM.BDK"
    assert chromium.execute_script("return document.querySelector('.search input').value") == "[u?"
    assert not chromium.find_element(By.ID, "help").is_displayed()


@pytest.mark.parametrize(("language", "said"), [("en", "next and previous row"), ("zh", "行"), ("ru", "строка")])
def test_the_help_lists_the_keys_and_closes(site: Site, chromium: WebDriver, language: str, said: str) -> None:
    chromium.get(f"{site.address}/?lang={language}")
    press(chromium, "?")
    wait(chromium, lambda b: b.find_element(By.ID, "help").is_displayed())
    shown = chromium.find_elements(By.CSS_SELECTOR, "#help dt kbd")
    assert [key.text for key in shown] == [*"/jk", "Enter", *"[]fau", "g", "o", "g", "e", "g", "r", "?"]
    assert said in text(chromium, "#help")
    press(chromium, "j")  # behind the list nothing moves
    assert chromium.execute_script(FOCUSED_ROW) == ""
    press(chromium, Keys.ESCAPE)
    wait(chromium, lambda b: not b.find_element(By.ID, "help").is_displayed())
    press(chromium, "g", "e")
    wait(chromium, lambda b: b.current_url.endswith("/events"))


def test_u_shows_the_times_of_the_browser_and_utc_again(site: Site, chromium: WebDriver) -> None:
    chromium.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kabul"})
    try:
        chromium.get(f"{site.address}/events?lang=en")
        assert chromium.execute_script(ZONE) == "UTC"
        assert chromium.find_element(By.ID, "zone").get_attribute("title") == "Show times of Asia/Kabul"
        in_utc = text(chromium, FIRST_ONSET)
        press(chromium, "u")
        wait(chromium, lambda b: b.execute_script(ZONE) == "Asia/Kabul")
        assert "Kabul" in text(chromium, ".events thead") and "Kabul" in text(chromium, "footer")
        ahead = clock(text(chromium, FIRST_ONSET)) - clock(in_utc)
        assert ahead % timedelta(days=1) == timedelta(hours=4, minutes=30)
        chromium.get(f"{site.address}/")  # remembered, and what scripts write is of the same zone
        shown = datetime.fromisoformat(text(chromium, "#clock"))
        utc = chromium.execute_script("return new Date().toISOString().slice(0, 19)")
        assert abs(shown - datetime.fromisoformat(utc) - timedelta(hours=4, minutes=30)) < timedelta(seconds=10)
        press(chromium, "u")
        wait(chromium, lambda b: b.execute_script(ZONE) == "UTC")
        assert "UTC" in text(chromium, ".events thead") and "All times UTC" in text(chromium, "footer")
    finally:
        chromium.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def clock(shown: str) -> datetime:
    """Of today: hours, minutes and seconds; with its day where the other zone has another."""
    return datetime.strptime(shown[-8:], "%H:%M:%S")


def test_the_formula_behind_a_column_is_one_key_away(site: Site, chromium: WebDriver) -> None:
    """The mark behind the head takes the focus after the link that sorts, and Enter leads to its row."""
    chromium.get(f"{site.address}/?lang=ru")
    focus = "[...document.querySelectorAll('.stations thead a')].find((a) => a.search.includes('sort=gaps')).focus()"
    chromium.execute_script(focus)
    press(chromium, Keys.TAB)
    mark = chromium.switch_to.active_element
    assert mark.accessible_name.startswith("Как измеряется: ")
    assert mark.rect["width"] >= 11 and mark.value_of_css_property("outline-style") == "solid"
    press(chromium, Keys.ENTER)
    wait(chromium, lambda b: b.current_url.endswith("/measures#num_gaps"))
    row = chromium.find_element(By.CSS_SELECTOR, "tr:target")
    assert row.get_attribute("id") == "num_gaps" and len(row.find_elements(By.CSS_SELECTOR, ".formula")) == 1
    assert row.value_of_css_property("background-color") != "rgba(0, 0, 0, 0)"
    chromium.back()
    chromium.find_element(By.CSS_SELECTOR, ".stations thead a[href*='sort=gaps']").click()
    wait(chromium, lambda b: b.find_elements(By.CSS_SELECTOR, "th[aria-sort] a[href*='sort=-gaps']"))
