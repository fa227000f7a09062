"""A real browser, and the real web page of a filled store in a process of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

from database.store import Store
from tests.webui.conftest import fill

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,900",
)


@pytest.fixture(scope="session")
def _driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    for program in (CHROMIUM, DRIVER):
        if not program.exists():
            pytest.skip(f"{program} is absent: install chromium and chromium-driver")
    options = Options()
    options.binary_location = str(CHROMIUM)
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture
def chromium(_driver: WebDriver) -> Iterator[WebDriver]:
    """A browser with one empty tab and no cookies, 1440 x 900. Errors in its console fail the test."""
    _driver.get_log("browser")
    yield _driver
    complaints = [line["message"] for line in _driver.get_log("browser") if line["level"] == "SEVERE"]
    for extra in _driver.window_handles[1:]:
        _driver.switch_to.window(extra)
        _driver.close()
    _driver.switch_to.window(_driver.window_handles[0])
    _driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    _driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    _driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    _driver.get("about:blank")
    assert not complaints


@dataclass(frozen=True)
class Site:
    """The page of a store that the test may write to."""

    address: str
    store: Store
    process: subprocess.Popen[bytes]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """`houfeng serve web` on a filled store."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"sqlite:///{tmp_path}/houfeng.db"
    config = tmp_path / "houfeng.toml"
    folders = 'replay_path = "records"\nprojects_path = "projects"\n'
    web = f'[web]\nport = {port}\nnotice = "Recorded data."\n{folders}'
    config.write_text(f'[database]\nurl = "{url}"\n{web}', "utf-8")
    store = Store.open(url)
    command = [sys.executable, "-m", "houfeng", "serve", "web", str(config)]
    with subprocess.Popen(command, cwd=tmp_path) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz")
            fill(store)  # now, because it is stale after 10 s
            yield Site(f"http://127.0.0.1:{port}", store, process)
        finally:
            process.terminate()
            process.wait(60)
    store.close()


def wait_until_ready(address: str, seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=60).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{address} did not answer within {seconds:g} s")
