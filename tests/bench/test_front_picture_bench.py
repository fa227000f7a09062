"""The picture of the README: taken of the demo, with its first four minutes, and written to its place."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.e2e.conftest import _driver, chromium  # noqa: F401  # fixtures
from tests.e2e.test_demo import demo, free_port, get, wait_for

IMAGE = Path(__file__).parents[2] / "docs" / "images" / "overview.png"
WIDE = 1280

pytestmark = [pytest.mark.bench, pytest.mark.chromium]


def test_picture(tmp_path: Path, chromium: WebDriver) -> None:  # noqa: F811  # the fixture
    port = free_port()
    with demo(port, tmp_path):
        wait_for(lambda: len(get(port, "/api/v1/events")["events"]) >= 3, 600)
        wait_for(lambda: {row["status"] for row in get(port, "/api/v1/stations")["stations"]} == {"OK", "BAD"}, 600)
        size = {"width": WIDE, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        chromium.get(f"http://127.0.0.1:{port}/?lang=en")
        WebDriverWait(chromium, 60).until(lambda b: "Live" in b.find_element(By.ID, "live").text)
        taken = chromium.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    IMAGE.write_bytes(base64.b64decode(taken["data"]))
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".stations tbody tr")) == 4
