"""What replays found is looked at like what came live: with the records of the archive that the replay read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from acquisition.archive import Archive
from acquisition.mseed import decode
from configs import Settings
from database import queries
from database.records import EventDetail, Run
from database.store import Store
from houfeng.demo import demo_sites
from houfeng.demo_records import builtin_recording, schedule
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, parse_ns
from webui.app import create_app
from webui.settings import WebSettings

START_NS = parse_ns("2010-05-27T16:24:04")


class Replayed(NamedTuple):
    """An archive, and what a replay of it found."""

    store: Store
    root: Path
    run: Run
    event: EventDetail


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    """Four stations and an earthquake."""
    path = tmp_path_factory.mktemp("replayed")
    archive = Archive(path / "other")
    for record in schedule(builtin_recording(), START_NS, 5.0):
        if record.end_ns > START_NS + 100 * NS_PER_S:
            break
        archive.append([decode(record.raw)])
    archive.close()
    store = Store.open(f"sqlite:///{path / 'test.db'}")
    run = replay(Settings(station=demo_sites()), find_sources([path / "other"], path / "other"), store)
    with store.read() as snapshot:
        (found,) = queries.events(snapshot, run_id=run.run_id)
        detail = queries.event(snapshot, found.public_id, run_id=run.run_id)
    assert detail is not None
    yield Replayed(store, path / "other", run, detail)
    store.close()


def section_of(replayed: Replayed, archive: Path, allowed: str) -> str:
    """The record section of the event, on pages of that archive that may look into a folder beside it."""
    settings = WebSettings(cache_path=str(archive.parent / "cache"), replay_path=allowed)
    client = create_app(settings, replayed.store, archive).test_client()
    listed = client.get(f"/events?run={replayed.run.run_id}").text
    (address,) = set(re.findall(r'class="open" href="(/events/[^"]+)"', listed))
    assert f'href="/api/v1/picks?run={replayed.run.run_id}&amp;format=csv"' in client.get("/runs").text
    return client.get(address).text.split('id="section"')[1].split("</section>")[0]


@pytest.mark.parametrize("own", ["other", "live"])
def test_an_event_of_a_replay_has_the_records_that_were_read(replayed: Replayed, tmp_path: Path, own: str) -> None:
    is_own = own == "other"
    allowed = "" if is_own else str(replayed.root.parent)
    section = section_of(replayed, replayed.root if is_own else tmp_path / "live", allowed)
    stations = {each.pick.source_id.station_id for each in replayed.event.arrivals}
    assert len(stations) > 2
    assert set(re.findall(r">(\w+\.\w+)</(?:a|span)>", section)) == stations
    assert len(re.findall(r'class="trace" d="M[^"]+"', section)) == len(stations)
    assert len(re.findall(r'<line class="pick', section)) == len(replayed.event.arrivals)
    # the waveform page shows the daemon's archive, which has none of another's records
    assert ("/waveforms/" in section) is is_own


def test_picks_that_differ_have_their_trace(replayed: Replayed, tmp_path: Path) -> None:
    """A run without picks beside it: each pick is A's alone, a third of the picture behind its left edge."""
    with replayed.store.begin() as unit:
        unit.save_run(replace(replayed.run, run_id="run/none", result_hash=""))
    first, second = replayed.run.run_id.removeprefix("run/"), "none"

    def page_with(replay_path: str) -> str:
        settings = WebSettings(cache_path=str(tmp_path / "cache"), replay_path=replay_path)
        app = create_app(settings, replayed.store, tmp_path / "live")
        return app.test_client().get(f"/runs/{first}/diff/{second}").text

    page = page_with(str(replayed.root))
    n_picks = sum(int(n) for n in re.findall(r"<h2>only in A <small>(\d+)</small>", page))
    traces = re.findall(r'<svg class="diff about".*?</svg>', page, re.DOTALL)
    assert len(traces) == min(n_picks, 6) > 2
    for each in traces:
        assert re.findall(r'class="only-A" d="M([\d.]+) 0v200"', each) == ["400.0"]
        assert 'class="only-B"' not in each
        assert len(re.findall(r"M[\d.]+ \d+V\d+", each)) > 200
    hidden = f"{replayed.root}</span>: these pages may not look there for the records of this run; web.replay_path"
    assert hidden not in page
    shut = page_with("")
    assert hidden in shut and 'class="diff about"' not in shut


def test_records_that_are_elsewhere_are_said_to_be(replayed: Replayed, tmp_path: Path) -> None:
    away = replayed.root.with_name("away")
    replayed.root.rename(away)
    try:
        section = section_of(replayed, tmp_path / "live", str(replayed.root.parent))
    finally:
        away.rename(replayed.root)
    assert f"elsewhere: it read {replayed.root}" in section
    assert 'class="trace"' not in section


def test_no_row_leads_the_pages_anywhere(replayed: Replayed, tmp_path: Path) -> None:
    """Neither a folder beside the allowed one, nor a link in that one, whose name a run has."""
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "link").symlink_to(replayed.root)
    link = str(tmp_path / "allowed" / "link")
    for source in (str(replayed.root), link):
        with replayed.store.begin() as unit:
            unit.save_run(replace(replayed.run, source=source))
        section = section_of(replayed, tmp_path / "live", str(tmp_path / "allowed"))
        assert f"{source}</span>: these pages may not look there for the records of this run" in section
        assert 'class="trace"' not in section
    section = section_of(replayed, tmp_path / "live", str(replayed.root))  # by its other name it is the same folder
    assert 'class="trace"' in section
    with replayed.store.begin() as unit:
        unit.save_run(replayed.run)
