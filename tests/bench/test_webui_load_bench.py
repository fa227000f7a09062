"""`houfeng serve web` under load: requests a second by wrk, and 300 viewers on one worker while data flow."""

from __future__ import annotations

import gzip
import json
import re
import selectors
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from database import measures
from houfeng.times import NS_PER_S, format_ns, now_ns
from tests.bench.test_metrics_bench import measured
from tests.bench.website import CHANNEL, HOUR_NS, Website, archive_a_day, looked_at, website

pytestmark = pytest.mark.bench

WRK_S, N_CONNECTIONS = 10, 32
N_VIEWERS, VIEWED_S, EVALUATED_EVERY_S = 300, 60, 5
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    folder = tmp_path_factory.mktemp("site")
    with website(folder) as found:
        hour_ns = now_ns() // HOUR_NS * HOUR_NS
        archive_a_day(folder / "archive", hour_ns - HOUR_NS)
        chance = np.random.default_rng(2)
        hours = [(CHANNEL, measured(hour_ns - k * HOUR_NS, chance)) for k in range(1, 24)]
        with found.store.begin() as unit:
            measures.save(unit.connection, measures.TABLES["hour"], hours)
            # which channels were measured is asked of the days
            measures.save(unit.connection, measures.TABLES["day"], hours[-1:])
        yield found


def wrk(site: Website, path: str, headers: Mapping[str, str]) -> tuple[float, float, float]:
    """Requests a second, the 99th percentile of their time in ms, and how many were answered by neither 2xx nor 3xx."""
    if not shutil.which("wrk"):
        pytest.skip("wrk is absent: apt install wrk")
    command = ["wrk", "-t2", f"-c{N_CONNECTIONS}", f"-d{WRK_S}s", "--latency"]
    command += [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    said = subprocess.run([*command, site.address + path], capture_output=True, text=True, check=True).stdout
    per_s, slowest, unit = (
        re.search(pattern, said)[n]  # type: ignore[index]
        for pattern, n in ((r"Requests/sec: +([\d.]+)", 1), (r"99% +([\d.]+)(\w+)", 1), (r"99% +([\d.]+)(\w+)", 2))
    )
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return float(per_s), float(slowest) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit], int(failed[1]) if failed else 0


METRICS = f"/api/v1/metrics?channel={CHANNEL}&by=hour"


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/stations?status=WARN", "/api/v1/stations/XX.S0010", METRICS, "ENVELOPE"]
)
def test_requests_a_second(site: Website, path: str) -> None:
    if path == "ENVELOPE":
        end_ns = now_ns() // HOUR_NS * HOUR_NS - HOUR_NS
        span = f"start={format_ns(end_ns - HOUR_NS, digits=0)}&end={format_ns(end_ns, digits=0)}"
        path = f"/api/v1/envelope?nslc={CHANNEL}&{span}&width=1000"
    with urllib.request.urlopen(urllib.request.Request(site.address + path, headers=GZIP)) as answer:
        tag, content = answer.headers["ETag"], answer.read()
    assert path != METRICS or len(json.loads(gzip.decompress(content))["metrics"]) == 23
    began_cpu_s, began_s = site.cpu_s(), time.monotonic()
    whole, again = wrk(site, path, GZIP), wrk(site, path, GZIP | {"If-None-Match": tag})
    share = (site.cpu_s() - began_cpu_s) / (time.monotonic() - began_s)
    print(
        f"\n{path}: {whole[0]:.0f}/s, p99 {whole[1]:.0f} ms ({len(content) / 1e3:.1f} kB); "
        f"with its tag {again[0]:.0f}/s, p99 {again[1]:.0f} ms; the server had {100 * share:.0f} % of a core"
    )
    assert whole[2] == again[2] == 0


class Viewers(threading.Thread):
    """Streams of `/api/v1/stream`, read by one thread: when which change came to how many, and how old it was."""

    def __init__(self, site: Website, n: int) -> None:
        super().__init__()
        self._selector = selectors.DefaultSelector()
        self._over = threading.Event()
        self.arrived_ns: dict[int, list[int]] = {}
        self.n_lost = 0
        for _ in range(n):
            stream = socket.create_connection(("127.0.0.1", site.port), timeout=60)
            stream.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            stream.setblocking(False)
            self._selector.register(stream, selectors.EVENT_READ)

    def run(self) -> None:
        while not self._over.is_set():
            for key, _ in self._selector.select(0.2):
                assert isinstance(key.fileobj, socket.socket)
                content, at_ns = key.fileobj.recv(65536), now_ns()
                if not content:
                    self.n_lost += 1
                    self._selector.unregister(key.fileobj)
                for number in re.findall(rb"event: change\nid: (\d+)", content):
                    self.arrived_ns.setdefault(int(number), []).append(at_ns)

    def close(self) -> None:
        self._over.set()
        self.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]


def test_three_hundred_viewers_of_one_worker(site: Website) -> None:
    """All stations are looked at every 5 s, as the daemon does it; a reader asks for the page after each look."""
    chance = np.random.default_rng(0)
    before_mb = site.rss_mb()
    viewers = Viewers(site, N_VIEWERS)
    viewers.start()
    until = time.monotonic() + 120
    while sum(map(len, viewers.arrived_ns.values())) < N_VIEWERS:
        assert time.monotonic() < until, f"{viewers.arrived_ns}: not all streams began"
        time.sleep(0.1)
    quiet_cpu_s, began_s = site.cpu_s(), time.monotonic()
    time.sleep(20)
    quiet = (site.cpu_s() - quiet_cpu_s) / (time.monotonic() - began_s)
    viewers.arrived_ns.clear()
    cpu_s, began_s, saved_ns, page_s, ready_s = site.cpu_s(), time.monotonic(), [], [], []
    while time.monotonic() < began_s + VIEWED_S:
        with site.store.begin() as unit:
            unit.save_statuses(looked_at(site.stations, chance))
        saved_ns.append(now_ns())
        for path, took_s in (("/", page_s), ("/readyz", ready_s)):
            asked_s = time.monotonic()
            urllib.request.urlopen(urllib.request.Request(site.address + path, headers=GZIP)).close()
            took_s.append(time.monotonic() - asked_s)
        time.sleep(EVALUATED_EVERY_S)
    flowing, after_mb = (site.cpu_s() - cpu_s) / (time.monotonic() - began_s), site.rss_mb()
    viewers.close()
    arrived = sorted(viewers.arrived_ns.items())
    late_s = [(at - saved) / NS_PER_S for saved, (_, each) in zip(saved_ns, arrived, strict=True) for at in each]
    print(
        f"\n{N_VIEWERS} streams: {100 * quiet:.1f} % of a core without changes, {100 * flowing:.1f} % with "
        f"{len(saved_ns)} changes in {VIEWED_S} s and the page asked for after each; told after "
        f"{np.median(late_s):.2f} s, p95 {np.percentile(late_s, 95):.2f} s, at most {max(late_s):.2f} s; the page in "
        f"{np.median(page_s):.2f} s, /readyz in {1e3 * np.median(ready_s):.0f} ms; memory {before_mb:.0f} MB, "
        f"{after_mb:.0f} MB with them"
    )
    assert viewers.n_lost == 0
    assert {len(each) for _, each in arrived} == {N_VIEWERS}
    assert np.percentile(late_s, 95) < 2
    assert after_mb < before_mb + 150


def test_three_hundred_who_ask_for_the_page_at_once(site: Website) -> None:
    """After a change each asks for the page, as its script does: it is made once, not 300 times."""
    with site.store.begin() as unit:
        unit.save_statuses(looked_at(site.stations, np.random.default_rng(1)))
    request = urllib.request.Request(site.address + "/", headers=GZIP | {"X-Refresh": "1"})
    took_s, states = [], set()

    def ask() -> None:
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=120) as answer:
            page = gzip.decompress(answer.read())
        took_s.append(time.monotonic() - began)
        states.add(re.search(rb'data-version="(\d+)"', page)[1])  # type: ignore[index]

    threads = [threading.Thread(target=ask) for _ in range(N_VIEWERS)]
    cpu_s = site.cpu_s()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu_s = site.cpu_s() - cpu_s
    print(f"\n{N_VIEWERS} at once: {cpu_s:.1f} s of processor time, the last page after {max(took_s):.1f} s")
    assert len(took_s) == N_VIEWERS
    assert len(states) == 1
    assert cpu_s < N_VIEWERS * 0.1
