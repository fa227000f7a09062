"""The demo as a person meets it: started, looked at, stopped, started again."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from obspy.geodetics import gps2dist_azimuth
from seedlink_client import SeedLink
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from configs import load
from database import queries
from database.store import Store
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return json.load(answer)


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    """The first true answer; a page that is not up yet is waited for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if answer := what():
                return answer
        except OSError:
            pass
        time.sleep(0.5)
    pytest.fail(f"not within {seconds:g} s")


@contextmanager
def demo(port: int, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-u", "-m", "houfeng", "demo", "--port", str(port), "--dir", str(folder), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def station(port: int, station_id: str) -> dict[str, Any]:
    """What the page knows of a station; no status when it knows nothing."""
    return next((row for row in get(port, "/api/v1/stations")["stations"] if row["id"] == station_id), {"status": None})


def near_the_swarm(event: dict[str, Any]) -> bool:
    """Of known depth, within 2 km of where analysts have another of the swarm (obspy/io/nlloc/tests/data)."""
    if event["depth_error_km"] is None:
        return False
    metres, _, _ = gps2dist_azimuth(event["latitude_deg"], event["longitude_deg"], 48.04707, 11.64554)
    return bool(metres < 2000)


def test_demo_shows_an_event_within_a_minute_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    with demo(port, tmp_path) as process:
        wait_for(lambda: get(port, "/api/v1/stations")["stations"], 180)
        events = wait_for(lambda: get(port, "/api/v1/events")["events"], 60)  # the first is at 29 s
        assert events[0]["n_stations"] >= 3
        near = wait_for(lambda: [each for each in get(port, "/api/v1/events")["events"] if near_the_swarm(each)], 180)
        assert near[0]["n_stations"] == 4
        fine = wait_for(lambda: station(port, "BW.UH1")["status"] == "OK" and station(port, "BW.UH1"), 120)
        assert fine["status"] == "OK"
        assert {row["id"] for row in get(port, "/api/v1/stations")["stations"]} == {f"BW.UH{n}" for n in range(1, 5)}
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            assert "Demonstration" in answer.read().decode()
        # gaps every 20 s, then silence after 90 s: the station that misbehaves says why
        bad = wait_for(
            lambda: next(
                (row for row in get(port, "/api/v1/stations")["stations"] if row["status"] in ("WARN", "BAD")), None
            ),
            300,
        )
        assert bad["id"] == "BW.UH4"
        assert bad["reason"]
        output = stop(process)
    assert "Stopped." in output
    assert "event on" in output
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0  # the page is gone too
    live_equals_replay(tmp_path)
    with demo(port, tmp_path) as process:
        wait_for(lambda: get(port, "/api/v1/stations")["stations"], 180)
        stop(process)


def live_equals_replay(folder: Path) -> None:
    """What came through the socket and what a replay of the archive finds are the same, down to the ids."""
    settings = load(folder / "demo.toml")
    store = Store.open(settings.database.url)
    run = replay(settings, find_sources([folder / "archive"], folder / "archive"), store)
    with store.read() as snapshot:
        live = {row.pick for row in queries.picks(snapshot)}
        replayed = {row.pick for row in queries.picks(snapshot, run_id=run.run_id)}
        assert live == replayed
        assert {row.public_id for row in queries.events(snapshot)} == {
            row.public_id for row in queries.events(snapshot, run_id=run.run_id)
        }
    store.close()


def test_the_demos_seedlink_server_is_real(tmp_path: Path) -> None:
    port = free_port()
    with demo(port, tmp_path) as process:
        config = tmp_path / "demo.toml"
        wait_for(lambda: config.exists() and load(config).seedlink, 180)
        (server,) = load(config).seedlink
        with SeedLink(server.host, server.port, timeout=60) as client:
            client.add_stream("BW_UH3", "_S_H_Z", all_data=True)
            for n, packet in enumerate(client.collect(reconnect=False)):
                assert packet.station_id == "BW_UH3"
                if n == 5:
                    break
        stop(process)


def test_a_port_in_use_names_the_option_that_changes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(port, tmp_path) as process:
            output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert output.strip() == f"houfeng: port {port} on 127.0.0.1 is in use; choose another with --port"


@pytest.mark.chromium
def test_a_browser_sees_the_first_earthquake_come(tmp_path: Path, chromium: WebDriver) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with demo(port, tmp_path) as process:
        wait_for(lambda: get(port, "/api/v1/stations")["stations"], 180)
        chromium.get(f"{address}/?lang=en")
        chromium.execute_script("window.sameDocument = true")
        assert "Demonstration" in chromium.find_element(By.CSS_SELECTOR, ".notice").text
        WebDriverWait(chromium, 180).until(lambda b: b.find_elements(By.CSS_SELECTOR, ".events tbody a"))
        assert chromium.execute_script("return window.sameDocument")  # it came without a reload
        assert len(chromium.find_elements(By.CSS_SELECTOR, ".stations tbody tr")) == 4
        assert chromium.save_screenshot(str(tmp_path / "overview.png"))
        chromium.find_element(By.CSS_SELECTOR, ".events tbody a").click()
        assert "GERMANY" in chromium.find_element(By.TAG_NAME, "main").text
        assert len(chromium.find_elements(By.CSS_SELECTOR, ".arrivals tbody tr")) >= 3
        chromium.find_element(By.CSS_SELECTOR, ".arrivals tbody th a").click()
        assert chromium.find_element(By.TAG_NAME, "h1").text.startswith("BW.UH")
        assert chromium.save_screenshot(str(tmp_path / "station.png"))
        chromium.get("about:blank")
        stop(process)


@pytest.mark.data
def test_demo_plays_any_folder(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    port = free_port()
    with demo(port, tmp_path, "--data", str(shared_data("ridgecrest2019")), "--speed", "20") as process:
        events = wait_for(lambda: get(port, "/api/v1/events")["events"], 240)
        assert max(event["n_stations"] for event in events) >= 3
        assert len(get(port, "/api/v1/stations")["stations"]) == 11
        stop(process)


def test_the_page_ends_with_a_killed_daemon_and_comes_again(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "houfeng.toml"
    config.write_text(f"[web]\nport = {port}\n")
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-m", "houfeng", "run", str(config)]) as process:
            assert wait_for(lambda: get(port, "/readyz"), 180) == {"ready": True}
            process.kill()
        assert process.returncode == -signal.SIGKILL
        wait_for(lambda: not answers(port), 60)
        assert not answers(port)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
