"""Waveforms of an archive for programs and as a page: against what ObsPy reads of the same files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pytest
from flask import Flask
from flask.testing import FlaskClient

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database.store import Store
from houfeng.times import NS_PER_S, format_ns, parse_ns
from houfeng.types import SourceId
from tests.webui.conftest import make_event
from webui.app import create_app
from webui.settings import WebSettings

NRN = SourceId("KR", "NRN", "00", "BHZ")
START_NS = parse_ns("2026-03-01T23:50:00.003")
RATE_HZ = 40.0
N = 48_000  # 20 minutes, over midnight
SPIKE = 31_234
GAP = slice(20_000, 21_000)


def write(root: Path, start_ns: int, samples: np.ndarray, source_id: SourceId = NRN) -> None:
    archive = Archive(root)
    archive.append([decode(raw) for raw in pack(source_id, start_ns, RATE_HZ, samples)])
    archive.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Noise on an offset with a gap, a spike of one sample, and ten seconds that came twice."""
    samples = (np.random.default_rng(2).normal(size=N) * 200 + 5000).astype(np.int32)
    samples[SPIKE] = -123_456
    folder = tmp_path / "archive"
    for part in (slice(0, GAP.start), slice(GAP.stop, N), slice(30_000, 30_400)):
        write(folder, START_NS + part.start * NS_PER_S // 40, samples[part])
    return folder


@pytest.fixture
def app(filled: Store, root: Path, tmp_path: Path) -> Flask:
    return create_app(WebSettings(cache_path=str(tmp_path / "cache")), filled, root)


def oracle(root: Path) -> obspy.Stream:
    stream = obspy.Stream()
    for path in sorted(root.glob("2026/KR/NRN/BHZ.D/*")):
        stream += obspy.read(path)
    return stream.merge(-1)


def extremes(stream: obspy.Stream, answer: dict[str, Any]) -> list[tuple[float, float, int] | None]:
    """Of each column, as ObsPy has the samples."""
    values = np.concatenate([trace.data for trace in stream])
    times_ns = np.concatenate(
        [
            trace.stats.starttime.ns + np.rint(np.arange(trace.stats.npts) / RATE_HZ * 1e9).astype(np.int64)
            for trace in stream
        ]
    )
    step_ns, first_ns = round(answer["step_s"] * 1e9), parse_ns(answer["start"])
    found: list[tuple[float, float, int] | None] = []
    for n in range(len(answer["min"])):
        begin_ns = first_ns + n * step_ns
        inside = values[(times_ns >= begin_ns) & (times_ns < begin_ns + step_ns)]
        found.append((inside.min(), inside.max(), len(inside)) if len(inside) else None)
    return found


def columns(answer: dict[str, Any]) -> list[tuple[float, float, int] | None]:
    found = zip(answer["min"], answer["max"], answer["n_samples"], strict=True)
    return [(low, high, n) if n else None for low, high, n in found]


def ask(client: FlaskClient, **values: object) -> Any:
    query = {"nslc": str(NRN), "start": format_ns(START_NS), "end": format_ns(START_NS + 1200 * NS_PER_S)} | values
    return client.get("/api/v1/envelope", query_string={name: each for name, each in query.items() if each is not None})


@pytest.mark.parametrize(("seconds", "width"), [(1200, 60), (30, 97), (1200, 7)])
def test_columns_are_what_obspy_reads(client: FlaskClient, root: Path, seconds: int, width: int) -> None:
    answer = ask(client, end=format_ns(START_NS + seconds * NS_PER_S), width=width).json
    assert 0 < len(answer["min"]) <= width
    assert columns(answer) == extremes(oracle(root), answer)
    if seconds == 1200:
        assert min(low for low in answer["min"] if low is not None) == -123_456  # the spike of one sample
        assert sum(answer["n_samples"]) == N - 1000
    if width == 60:
        assert answer["min"].count(None) == 1  # a column of 20 s in the gap of 25 s


def test_a_day_from_the_seconds_is_what_the_samples_say(client: FlaskClient, root: Path, tmp_path: Path) -> None:
    whole = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-03T00:00:00Z", "width": 2000}
    answer = ask(client, **whole).json
    assert answer["step_s"] == 87  # 48 h in 2000 columns are 86.4 s each
    assert columns(answer) == extremes(oracle(root), answer)
    kept = sorted(path.name for path in (tmp_path / "cache").rglob("*.npz"))
    assert kept == [f"{NRN}.D.2026.060.npz", f"{NRN}.D.2026.061.npz"]
    # from what is kept, and after what is kept was spoilt
    for spoil in (False, True):
        if spoil:
            for path in (tmp_path / "cache").rglob("*.npz"):
                path.write_bytes(b"nonsense")
        other = create_app(WebSettings(cache_path=str(tmp_path / "cache")), client.application.config["STORE"], root)
        assert ask(other.test_client(), **whole).json == answer


def test_late_records_are_seen_at_once(client: FlaskClient, root: Path) -> None:
    whole = {"start": "2026-03-01T20:00:00Z", "end": "2026-03-02T04:00:00Z", "width": 2000}
    before = ask(client, **whole)
    again = {"If-None-Match": before.headers["ETag"]}
    address = before.request.full_path
    assert client.get(address, headers=again).status_code == 304
    write(root, START_NS + GAP.start * NS_PER_S // 40, np.full(1000, 77_777, np.int32))
    after = client.get(address, headers=again)
    assert after.status_code == 200
    assert sum(after.json["n_samples"]) == sum(before.json["n_samples"]) + 1000
    assert 77_777 in after.json["max"]
    assert columns(after.json) == extremes(oracle(root), after.json)


def test_a_filtered_stretch_is_obspys(client: FlaskClient, root: Path) -> None:
    answer = ask(client, filter="1-8", width=240, end=format_ns(START_NS + 480 * NS_PER_S)).json
    trace = oracle(root)[0]
    trace.data = (trace.data - trace.data[0]).astype(float)
    trace.filter("bandpass", freqmin=1, freqmax=8, corners=4)
    expected = extremes(obspy.Stream([trace]), answer)
    np.testing.assert_allclose(np.array(columns(answer)), np.array(expected), rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"nslc": "KR.NRN"}, "nslc: a channel NET.STA.LOC.CHA is needed, 'KR.NRN' came"),
        ({"nslc": None}, "nslc: "),
        ({"start": None}, "start: a time such as 2026-01-31T12:00:00Z is needed, none came"),
        ({"end": "noon"}, "end: 'noon' is not a UTC time"),
        ({"end": "2026-03-01"}, "end: a time of 0.01 s or more after start is needed"),
        ({"end": "2026-05-01"}, "end: at most 31 days after start are needed, 60.0 came"),
        ({"end": "2026-03-05", "filter": "1-10"}, "end: at most 2 days"),
        ({"width": "0"}, "width: 1 to 10000 columns are needed, '0' came"),
        ({"filter": "10-1"}, "filter: two rising frequencies"),
        ({"filter": "loud"}, "filter: two frequencies in Hz are needed, such as 1-10, 'loud' came"),
        ({"band": "1-10"}, "band: this address takes nslc, start"),
    ],
)
def test_a_bad_question_is_named(client: FlaskClient, values: dict[str, object], said: str) -> None:
    answer = ask(client, **values)
    assert answer.status_code == 400
    assert said in answer.json["error"]


def test_the_page_shows_the_time_of_its_address_with_picks(
    client: FlaskClient, get: Callable[..., str], filled: Store
) -> None:
    onset_ns = START_NS + 300 * NS_PER_S
    with filled.begin() as unit:
        event = make_event(onset_ns)
        unit.save_picks("run/live", event.picks)
        unit.save_events("run/live", [event])
    page = get(f"/waveforms/{NRN}?start=2026-03-01T23:50:00Z&end=2026-03-02T00:10:00Z&lang=ru")
    assert "Волновая форма" in page
    path = re.search(r'class="trace" d="([^"]+)"', page)
    assert path is not None
    assert path[1].count("V") > 1000
    picks = re.findall(r'class="pick" x1="([\d.]+)%"', page)
    assert picks == ["25.0"]  # that of this station, of three
    assert f'href="/events/{event.public_id}"' in page
    tens = get(f"/waveforms/{NRN}?start=2026-03-01T23:50:01Z&end=2026-03-01T23:50:03Z")
    line = re.search(r'class="trace" d="([^"]+)"', tens)
    assert line is not None
    assert line[1].count("L") == 79  # 80 samples, joined
    # without a time: what was sent last
    assert "2026-03-02 00:10:00" in get(f"/waveforms/{NRN}?lang=en")
    assert "No data of this time" in get(f"/waveforms/{NRN}?start=2020-01-01&end=2020-01-02")
    assert client.get("/waveforms/XX.NONE..BHZ").status_code == 404
    assert 'href="/waveforms/KR.NRN.00.BHZ"' in get("/channels/KR.NRN.00.BHZ")
