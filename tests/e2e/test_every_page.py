"""Every page in a real browser: no fault that axe finds, nothing cut or wider than the screen."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database import accounts, alerts, queries, tasks
from database.accounts import Change
from database.store import Store
from database.unit import UnitOfWork
from houfeng.indexing import ArchiveIndex
from houfeng.passwords import hashed
from houfeng.roles import Role
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.e2e.conftest import Site
from tests.e2e.test_access import ALERT, PASSWORD, SHORT, fields
from tests.e2e.test_pages import text, wait
from tests.webui.conftest import make_run

AXE = Path(__file__).parent / "axe-core"
BHZ = SourceId.parse("KR.NRN.00.BHZ")
# Every route that answers with a page, and an address of it. {event} is one of the store.
PAGES = {
    "pages.index": "/",
    "pages.stations": "/stations",
    "pages.station": "/stations/KR.NRN",
    "pages.events": "/events",
    "pages.event": "/events/{event}",
    "pages.runs": "/runs",
    "pages.about": "/about",
    "pages.measures": "/measures",
    "alerts.index": "/alerts",
    "alerts.alert": f"/alerts/{SHORT}",
    "metrics.channel": f"/channels/{BHZ}",
    "availability.index": "/availability",
    "availability.station": "/availability/KR.NRN",
    "noise.channel": f"/noise/{BHZ}",
    "runs.diff": "/runs/live/diff/replay",
    "reports.index": "/reports",
    "signing.form": "/sign-in",
    "house.config": "/config",
    "house.daemons": "/daemons",
    "house.audit": "/audit",
    "waveforms.channel": f"/waveforms/{BHZ}",
    "drums.channel": f"/drum/{BHZ}",
    "spectrograms.channel": f"/spectrogram/{BHZ}",
    "walls.index": "/wall",
    "404": "/nothing",
    "400": "/?status=green",
}
STATUS = "return performance.getEntriesByType('navigation')[0].responseStatus"
AXE_RUN = """const done = arguments[1];
axe.run(document, arguments[0] ? { runOnly: { type: "rule", values: [arguments[0]] } } : {}).then(
    ({ violations }) => done(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.html}`))))"""
FAULTS = """const dim = document.querySelector("main").appendChild(document.createElement("p"));
dim.textContent = "dim";
dim.style.color = "#555";
document.body.append(new Image())"""
# Texts whose box hides their end, a page wider than its screen, and the longest line of the top bar where it is cut.
CUT = """const found = [...document.querySelectorAll("body *")].filter((each) => {
    const style = getComputedStyle(each);
    return /hidden|clip/.test(style.overflowX + style.overflowY) && each.textContent.trim() && each.checkVisibility() &&
        !each.closest(".unseen, thead, svg, .scroll, .source, .name") && each.scrollWidth > each.clientWidth + 1;
}).map((each) => each.outerHTML.slice(0, 120));
const page = document.documentElement, live = document.getElementById("live");
if (page.scrollWidth > page.clientWidth) found.push(`the page has ${page.scrollWidth} px`);
const said = JSON.parse(document.getElementById("words").textContent);
const line = said.reconnecting.replace("{age}", `59 ${said.units.s}`).replace("{n}", "99").replace(/[{}]/g, "");
live.replaceChildren(Object.assign(document.createElement("span"), { textContent: line }));
const is_high = live.scrollHeight > document.querySelector(".bar").clientHeight;
if (live.scrollWidth > live.clientWidth || is_high) found.push(line);
return found"""
# Three English words in a row where another language is read; what is quoted says that it is English.
ENGLISH = r"""const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
const quoted = '[lang="en"], script, template, .code, .notice, .packages, .source, option';
while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode, said = data.replace(/houfeng [a-z|]+[a-z |]*/g, "");
    const is_english = /[A-Za-z]{3,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}/.test(said);
    if (is_english && !parentElement.closest(quoted)) found.push(data.trim());
}
return found"""
WIDTHS = (360, 768, 1024, 1180, 1280, 1440)


def archive_minutes(folder: Path, store: Store) -> None:
    noise = np.random.default_rng(1).integers(-300, 300, 20 * 900).astype(np.int32)
    archive = Archive(folder / "archive")
    archive.append([decode(raw) for raw in pack(BHZ, now_ns() - 900 * NS_PER_S, 20.0, noise)])
    archive.close()
    ArchiveIndex(folder / "archive", store).update()


def ask_for_much(unit: UnitOfWork, folder: Path) -> None:
    """A replay whose row is as wide as rows become, and a report that failed with many words; another is offered."""
    source, now = "/srv/archive/projects/2026/central-asia/records-of-a-long-name/2019", now_ns()
    span = {"start_ns": now - 10**18, "end_ns": now, "finished_ns": now, "n_samples": 1_234_567_890}
    unit.save_run(replace(make_run("run/0123456789abcdef", "replay"), source=source, **span))
    for kind, about in (("replay", source), ("report", f"{source}/dam.toml")):
        change = Change(now, "aigul", "test")
        asked = tasks.ask(unit, kind, about, "其他阈值", change, language="zh")
        tasks.note(unit, asked.task_id, "failed", f"{about}: site[1].name: a text is needed\n{about}: x", now)
    (folder / "projects").mkdir()
    (folder / "projects" / "a-dam-in-the-mountains-2026.toml").touch()


def test_the_tool_is_the_published_one() -> None:
    sums = dict(reversed(line.split()) for line in (AXE / "SHA256SUMS").read_text().splitlines())
    assert {name: hashlib.sha256((AXE / name).read_bytes()).hexdigest() for name in sums} == sums
    assert set(sums) == {"axe.min.js", "LICENSE"}


@pytest.mark.chromium
def test_every_page_in_every_language_theme_and_width(site: Site, chromium: WebDriver, tmp_path: Path) -> None:
    archive_minutes(tmp_path, site.store)
    with site.store.begin() as unit:
        alerts.save(unit, [ALERT], [], [])
        accounts.add(unit, "aigul", Role.ENGINEER, hashed(PASSWORD), Change(now_ns(), "root", "test"))
        ask_for_much(unit, tmp_path)
    with site.store.read() as snapshot:
        event = queries.events(snapshot)[0].public_id.removeprefix("event/")
    axe = (AXE / "axe.min.js").read_text("utf-8")
    complaints, n_seen = [], 0
    for endpoint, page in sorted(PAGES.items(), key=lambda item: item[1] != "/sign-in"):
        address = site.address + page.format(event=event)
        for language in ("en", "zh", "ru"):
            chromium.get(f"{address}{'&' if '?' in address else '?'}lang={language}")
            assert chromium.execute_script(STATUS) == (int(endpoint) if endpoint.isdecimal() else 200), address
            n_seen += len(chromium.find_elements(By.CSS_SELECTOR, f'html[lang^="{language}"] main h1'))
            found = [f"{width} px: {each}" for width in WIDTHS for each in cut(chromium, width)]
            found += chromium.execute_script(ENGLISH) if language != "en" else examined(chromium, axe)
            complaints += [(page, language, each) for each in found]
        if page == "/sign-in":
            fields(chromium, name="aigul", password=PASSWORD + Keys.ENTER)
            wait(chromium, lambda b: text(b, ".account b") == "aigul")
    with site.store.begin() as unit:
        unit.connection.exec_driver_sql("ALTER TABLE change RENAME TO gone")
    chromium.get(f"{site.address}/events?lang=en")
    assert "Acquisition goes on" in text(chromium, "main")
    complaints += [("no database", "en", each) for each in examined(chromium, axe)]
    chromium.execute_script(FAULTS)  # it looks: these are some
    assert {each.split(" <")[0] for each in examined(chromium, axe)} >= {"image-alt", "dark: color-contrast"}
    chromium.get("about:blank")
    chromium.get_log("browser")  # the answers 404, 400 and 503
    assert complaints == []
    assert n_seen == 3 * len(PAGES)


def cut(browser: WebDriver, width: int) -> list[str]:
    """What a screen so wide does not show whole."""
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 700}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    found: list[str] = browser.execute_script(CUT)
    return found


def examined(browser: WebDriver, axe: str) -> list[str]:
    """What axe finds, in light and, of colours, in dark."""
    browser.execute_script(axe)
    found: list[str] = browser.execute_async_script(AXE_RUN, None)
    browser.execute_script("document.documentElement.dataset.theme = 'dark'")
    return found + [f"dark: {each}" for each in browser.execute_async_script(AXE_RUN, "color-contrast")]
