"""Drums, spectrograms, the wall and record sections: against ObsPy and SciPy on the same records."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest
import scipy.signal
from flask import Flask
from flask.testing import FlaskClient
from matplotlib.image import imread

from acquisition.archive import Archive
from acquisition.archive_import import import_files
from acquisition.mseed import decode
from acquisition.records import pack
from database.store import Store
from houfeng.times import NS_PER_S, format_ns, now_ns, parse_ns
from houfeng.types import SourceId
from stations.inventory import parse_stationxml
from tests.webui.conftest import located, make_event
from webui.app import create_app
from webui.png import colours
from webui.settings import WebSettings

SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
ANMO = "IU.ANMO.00.LHZ"
DAY_NS = parse_ns("2010-01-01")
NRN, AAK = (SourceId(*code.split("."), "00", "BHZ") for code in ("KR.NRN", "II.AAK"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A real day of IU.ANMO, and the last two minutes of two stations, one of which has stopped."""
    path = tmp_path / "day.mseed"
    obspy.read(SIGNAL_DATA / "IUANMO.seed").write(path, format="MSEED", reclen=512)
    archive = Archive(tmp_path / "archive")
    import_files(archive, [path])
    noise = np.random.default_rng(3).integers(-500, 500, 120 * 20).astype(np.int32)
    for source_id, age_s in ((NRN, 2), (AAK, 100)):
        start_ns = now_ns() - (120 + age_s) * NS_PER_S
        archive.append([decode(raw) for raw in pack(source_id, start_ns, 20.0, noise)])
    archive.close()
    return tmp_path / "archive"


@pytest.fixture
def app(filled: Store, root: Path, tmp_path: Path) -> Flask:
    return create_app(WebSettings(cache_path=str(tmp_path / "cache")), filled, root)


@pytest.fixture
def trace() -> obspy.Trace:
    return obspy.read(SIGNAL_DATA / "IUANMO.seed")[0]


def rows_of(page: str) -> dict[str, float]:
    """Largest amplitude beside each line, by when it begins."""
    found = re.findall(r"<li><a [^>]*>(\d\d:\d\d)</a> <span>([^<]*)</span>", page)
    return {at: float(re.sub(r"\s", "", text.replace("—", "nan"))) for at, text in found}


def test_a_drum_is_filtered_as_a_whole_and_is_obspys(get: Callable[..., str], trace: obspy.Trace) -> None:
    page = get(f"/drum/{ANMO}?end=2010-01-02&filter=0.02-0.1")
    trace.data = (trace.data - trace.data[0]).astype(float)
    trace.filter("bandpass", freqmin=0.02, freqmax=0.1, corners=4)
    seconds = (trace.stats.starttime.ns - DAY_NS) / 1e9 + np.arange(trace.stats.npts)
    lines = rows_of(page)
    assert len(lines) == 24
    for hour, (at, largest) in enumerate(lines.items()):
        its = trace.data[(seconds >= 3600 * hour) & (seconds < 3600 * hour + 3600)]
        column = ((seconds[(seconds >= 3600 * hour) & (seconds < 3600 * hour + 3600)] - 3600 * hour) // 4).astype(int)
        low, high = (np.array([end(its[column == n]) for n in np.unique(column)]) for end in (np.min, np.max))
        middle = np.median((low + high) / 2)
        assert at == f"{hour:02d}:00"
        assert largest == pytest.approx(max(np.max(high - middle), np.max(middle - low)), rel=0.01, abs=0.6)
    strokes = re.findall(r'class="trace(?: cut)?" d="([^"]*)"', page)
    assert sum(path.count("V") for path in strokes) == 24 * 900


def test_a_past_drum_changes_with_its_records(get: Callable[..., str], client: FlaskClient, root: Path) -> None:
    address = "/drum/KR.NRN.00.BHZ?end=2026-03-02"
    assert "No data of this time" in get(address)
    archive = Archive(root)
    raws = pack(NRN, parse_ns("2026-03-01T05:00"), 1.0, np.arange(600, dtype=np.int32))
    archive.append([decode(raw) for raw in raws])
    archive.close()
    # another address, for the first answer is kept for five seconds
    assert rows_of(get(f"{address}&clip=500"))["05:00"] == pytest.approx(300, abs=5)
    client.application.extensions["answers"]._answers.clear()
    assert rows_of(get(address))["05:00"] == pytest.approx(300, abs=5)


def test_what_is_cut_off_is_marked(get: Callable[..., str], client: FlaskClient) -> None:
    loud = re.search(r'class="trace cut" d="([^"]*)"', get(f"/drum/{ANMO}?end=2010-01-02&clip=1e9"))
    assert loud is not None
    assert loud[1] == ""
    page = get(f"/drum/{ANMO}?end=2010-01-02&clip=50")
    cut = re.search(r'class="trace cut" d="([^"]*)"', page)
    assert cut is not None
    heights = [int(each) for pair in re.findall(r" (\d+)V(\d+)", cut[1]) for each in pair]
    assert heights
    assert min(heights) >= 0
    assert max(heights) <= 24 * 40
    assert client.get(f"/drum/{ANMO}?clip=loud").status_code == 400
    assert "No data of this time" in get("/drum/KR.NRN.00.BHZ?end=2010-01-02")
    assert client.get("/drum/XX.NONE..BHZ").status_code == 404


def test_power_is_that_of_scipy_and_the_response_obspys(
    client: FlaskClient, get: Callable[..., str], filled: Store, trace: obspy.Trace
) -> None:
    start_ns = trace.stats.starttime.ns
    address = f"start={format_ns(start_ns, digits=9)}&end={format_ns(start_ns + 86_400 * NS_PER_S, digits=9)}"
    frequencies_hz, _, power = scipy.signal.spectrogram(
        trace.data.astype(float), 1.0, "hann", 256, 128, detrend="constant", scaling="density"
    )
    expected = 10 * np.log10(power[1:])
    counts = client.get(f"/api/v1/spectrogram?nslc={ANMO}&{address}&format=json").json
    assert counts["unit"] == "dB re 1 count^2/Hz"
    assert counts["remark"] == f"{ANMO}: no metadata of this time"
    assert counts["frequency_hz"] == frequencies_hz[1:].tolist()
    ours = np.array(counts["level_db"], dtype=float)
    n = expected.shape[1]
    # the first half window has no middle of its own
    np.testing.assert_allclose(ours[:, 1 : n + 1], expected, atol=0.006)
    assert np.isnan(ours[:, 0]).all()
    assert "power of counts, not of the ground" in get(f"/spectrogram/{ANMO}?{address}")
    with filled.begin() as unit:
        unit.save_inventory(parse_stationxml((SIGNAL_DATA / "IUANMO.xml").read_bytes(), "IUANMO.xml"))
    ground = client.get(f"/api/v1/spectrogram?nslc={ANMO}&{address}&format=json&documents=1").json
    assert ground["unit"] == "dB re 1 (m/s^2)^2/Hz"
    response = obspy.read_inventory(str(SIGNAL_DATA / "IUANMO.xml")).get_response(ANMO, trace.stats.starttime)
    gain_db = 20 * np.log10(np.abs(response.get_evalresp_response_for_frequencies(frequencies_hz[1:], output="ACC")))
    inside = frequencies_hz[1:] < 0.4  # of the anti-alias filter beyond, evalresp has its own corrections
    difference = ours[:, 1 : n + 1] - np.array(ground["level_db"], dtype=float)[:, 1 : n + 1]
    np.testing.assert_allclose(difference[inside], np.broadcast_to(gain_db[inside, None], (inside.sum(), n)), atol=0.1)
    page = get(f"/spectrogram/{ANMO}?{address}&lang=zh")
    assert "dB，相对 1 (m/s²)²/Hz" in page
    assert page.count("<rect") == len(colours(64))


def test_the_picture_is_a_png_of_the_levels(client: FlaskClient, trace: obspy.Trace) -> None:
    start_ns = trace.stats.starttime.ns - 43_200 * NS_PER_S
    address = f"nslc={ANMO}&start={format_ns(start_ns)}&end={format_ns(start_ns + 86_400 * NS_PER_S)}"
    answer = client.get(f"/api/v1/spectrogram?{address}")
    assert answer.mimetype == "image/png"
    again = client.get(f"/api/v1/spectrogram?{address}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    pixels = imread(io.BytesIO(answer.get_data()), format="png")
    levels = np.array(client.get(f"/api/v1/spectrogram?{address}&format=json").json["level_db"], dtype=float)[::-1]
    assert pixels.shape == (*levels.shape, 4)
    assert ((pixels[..., 3] == 0) == np.isnan(levels)).all()  # where nothing was recorded nothing is drawn
    lightness = pixels[..., :3] @ [0.2126, 0.7152, 0.0722]
    known = ~np.isnan(levels)
    order = np.argsort(levels[known])
    quiet, loud = lightness[known][order[: known.sum() // 5]], lightness[known][order[-known.sum() // 5 :]]
    assert quiet.max() < loud.min()  # the louder the lighter


def test_the_wall_keeps_its_order_and_says_what_is_old(get: Callable[..., str], client: FlaskClient) -> None:
    page = get("/wall?span=5min")
    assert re.findall(r'<li data-key="([^"]+)"( class="stale")?', page)[:3] == [
        ("IC.LSA.00.BHZ", ' class="stale"'),
        ("II.AAK.00.BHZ", ' class="stale"'),
        ("KR.NRN.00.BHZ", ""),
    ]
    assert "No data of the last 5 min" in page
    assert "<b>Stale</b>" in page
    chosen = get("/wall?channels=KR.NRN.00.BHZ,II.AAK.00.BHZ")
    assert re.findall(r'<li data-key="([^"]+)"', chosen) == ["KR.NRN.00.BHZ", "II.AAK.00.BHZ"]
    assert 'href="/wall?channels=II.AAK.00.BHZ,KR.NRN.00.BHZ"' in chosen.replace("%2C", ",")
    added = client.get("/wall/add?channels=KR.NRN.00.BHZ&add=IC.LSA.00.BHZ&span=1min&filter=1-5")
    assert added.status_code == 302
    assert added.headers["Location"].replace("%2C", ",") == (
        "/wall?channels=KR.NRN.00.BHZ,IC.LSA.00.BHZ&span=1min&filter=1-5"
    )
    for query, said in (("channels=nonsense", "channels: 1 to 30 NET.STA.LOC.CHA"), ("span=2s", "span: ")):
        answer = client.get(f"/wall?{query}")
        assert answer.status_code == 400
        assert said in answer.get_data(as_text=True)


def test_an_event_has_its_records_by_distance(get: Callable[..., str], filled: Store) -> None:
    event = make_event(now_ns() - 110 * NS_PER_S, ("II.AAK", "KR.NRN"))
    with filled.begin() as unit:
        unit.save_picks("run/live", event.picks)
        unit.save_events("run/live", [event])
    page = get(f"/events/{event.public_id}")
    section = page.split('id="section"')[1].split("</section>")[0]
    assert re.findall(r">(\w+\.\w+)</a>", section) == ["II.AAK", "KR.NRN"]
    paths = re.findall(r'class="trace" d="([^"]*)"', section)
    assert [bool(path) for path in paths] == [True, True]
    zero = re.search(r'class="event" x1="([\d.]+)%"', section)
    picks = [float(each) for each in re.findall(r'<line class="pick" x1="([\d.]+)%"', section)]
    assert zero is not None
    # 5 s before the first onset, 10 s after the last: 16.5 s in all
    assert float(zero[1]) == pytest.approx(100 * 5 / 16.5, abs=0.01)
    assert picks == pytest.approx([100 * 5 / 16.5, 100 * 6.5 / 16.5], abs=0.01)
    assert "Seconds after the first onset" in section


def test_a_section_shows_what_the_origin_expects(get: Callable[..., str], filled: Store) -> None:
    found = located(make_event(now_ns() - 110 * NS_PER_S))  # with one arrival: KR.NRN, P, 0.21 s early
    with filled.begin() as unit:
        unit.save_picks("run/live", found.picks)
        unit.save_events("run/live", [found])
    section = get(f"/events/{found.public_id}").split('id="section"')[1].split("</section>")[0]
    assert re.findall(r">(\w+\.\w+)</a>", section)[0] == "KR.NRN"
    # from 5 s before the origin, which is 4 s before the first onset, to 10 s after the last, 3 s later
    expected = re.findall(r'class="theory" x1="([\d.]+)%"', section)
    assert [float(each) for each in expected] == pytest.approx([100 * 9.21 / 22], abs=0.01)
    assert "P \N{MINUS SIGN}0.21" in section
