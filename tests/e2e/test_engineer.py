"""An engineer's way through the pages with real records: replay, compare, have a report made, take it along."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from database import accounts, queries, registry
from database.accounts import Change
from houfeng.passwords import hashed
from houfeng.roles import Role
from houfeng.times import now_ns
from tests.conftest import ROOT
from tests.e2e.conftest import Site
from tests.e2e.test_access import PASSWORD, fields
from tests.e2e.test_pages import click, text, wait

pytestmark = [pytest.mark.chromium, pytest.mark.soak]

FEWER = ("CI.CCC", "CI.CLC", "CI.JRC2")
STATE = "table.asked tbody tr:first-child td:last-child"
# A file as the browser itself gets it: status, type and the first characters.
TAKEN = """const done = arguments[1];
fetch(arguments[0]).then(async (answer) => done([answer.status, answer.headers.get("Content-Type"),
    answer.headers.get("Content-Disposition").split(";")[0], (await answer.text()).slice(0, 5)]))"""


@pytest.fixture
def folder(tmp_path: Path, shared_data: Callable[[str], Path]) -> Path:
    """Records and the example project where the page may look for them."""
    records = shared_data("ridgecrest2019")
    shutil.copytree(records, tmp_path / "records" / "all")
    (tmp_path / "records" / "fewer").mkdir()
    for path in records.iterdir():
        if path.name.startswith(FEWER):
            shutil.copy(path, tmp_path / "records" / "fewer")
    shutil.copytree(ROOT / "configs" / "projects", tmp_path / "projects")
    shutil.copytree(records, tmp_path / "projects" / "ridgecrest2019")
    return tmp_path


def done(browser: WebDriver) -> str:
    """What the latest task said when it was done: the page brings itself up to date."""
    wait(browser, lambda b: text(b, STATE).startswith(("done", "failed", "ended")), 400)
    said = text(browser, STATE)
    assert said.startswith("done"), said
    return said


def test_an_engineer_replays_compares_and_reports(folder: Path, site: Site, chromium: WebDriver) -> None:
    with site.store.begin() as unit:
        accounts.add(unit, "lena", Role.ENGINEER, hashed(PASSWORD), Change(now_ns(), "root", "test"))
    chromium.get(f"{site.address}/sign-in?next=/runs")
    fields(chromium, name="lena", password=PASSWORD + Keys.ENTER)
    wait(chromium, lambda b: text(b, ".account b") == "lena")
    for about in ("all", "fewer"):
        fields(chromium, about=about, why=f"of {about}" + Keys.ENTER)
        wait(chromium, lambda b, about=about: text(b, "table.asked tbody th") == about)
        said = done(chromium)
    run_id = said.removeprefix("done: ").partition(":")[0]
    with site.store.read() as snapshot:
        run = queries.run(snapshot, run_id)
    assert run is not None and run.result_hash and Path(run.source) == folder / "records" / "fewer"
    chromium.get(f"{site.address}/runs")
    chromium.find_element(By.LINK_TEXT, "Compare with the run before").click()
    wait(chromium, lambda b: text(b, "h1") == run_id.removeprefix("run/"))
    assert "no records of the channel" in text(chromium, '[aria-label="only in A"]')

    chromium.get(f"{site.address}/reports")
    fields(chromium, why="for the owner")
    for name, shown in (("about", "ridgecrest.toml"), ("language", "中文")):
        Select(chromium.find_element(By.CSS_SELECTOR, f"form.act [name={name}]")).select_by_visible_text(shown)
    click(chromium, "form.act button")
    wait(chromium, lambda b: text(b, "table.asked tbody th") == "ridgecrest.toml zh")
    assert "8 records assessed, 1 refused" in done(chromium)
    found = {each.text: each.get_attribute("href") for each in chromium.find_elements(By.CSS_SELECTOR, f"{STATE} a")}
    taken = {kind: chromium.execute_async_script(TAKEN, address) for kind, address in found.items()}
    assert taken == {
        "HTML": [200, "text/html; charset=utf-8", "inline", "<!doc"],
        "PDF": [200, "application/pdf", "attachment", "%PDF-"],
        "JSON": [200, "application/json", "attachment", '{\n "e'],
    }
    # the report as the browser shows it: its style in force, its pictures there, and no complaint in the console
    chromium.get(str(found["HTML"]))
    assert chromium.find_element(By.CSS_SELECTOR, "body").value_of_css_property("max-width") == "992px"
    widths = [each.size["width"] for each in chromium.find_elements(By.CSS_SELECTOR, "img")]
    assert len(widths) > 5 and min(widths) > 100

    # and it is deleted again, with a reason: a click, a few words, Enter
    chromium.get(f"{site.address}/reports")
    click(chromium, f"{STATE} summary")
    reason = f"{STATE} [name=why]"
    wait(chromium, lambda b: b.find_element(By.CSS_SELECTOR, reason).is_displayed())
    field = chromium.find_element(By.CSS_SELECTOR, reason)
    assert field.size["width"] > 100
    field.send_keys("it was an exercise" + Keys.ENTER)
    wait(chromium, lambda b: "Its files were deleted." in text(b, STATE))
    assert chromium.find_elements(By.CSS_SELECTOR, f"{STATE} a, {STATE} form") == []
    with site.store.read() as snapshot:
        assert registry.audit(snapshot, action="report")[0].why == "it was an exercise"
