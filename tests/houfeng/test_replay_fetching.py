"""`houfeng replay --fdsn`: what a data centre has is fetched and replayed in one go, and found as in any folder."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acquisition import mseed
from houfeng.cli import main
from houfeng.demo import demo_sites
from houfeng.demo_records import builtin_recording, schedule
from houfeng.replays.ahead import Ahead
from houfeng.replays.searching import Searched
from houfeng.times import NS_PER_S, format_ns, parse_ns
from houfeng.types import Packet
from tests.acquisition.fdsn_server import Handler, cut_without_length, serving, sound, status
from tests.houfeng.test_replays import START_NS, folder

__all__ = ["folder"]

MIDNIGHT_NS = parse_ns("2010-05-28T00:00:00")
TWO_DAYS = ("--start", "2010-05-27T23:58", "--end", "2010-05-28T00:03")
WINDOW = ("--start", format_ns(START_NS), "--end", format_ns(START_NS + 230 * NS_PER_S))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "houfeng.toml"
    sites = "".join(
        f'[[station]]\ncode = "{site.code}"\nlatitude_deg = {site.latitude_deg}\nlongitude_deg = {site.longitude_deg}\n'
        f"elevation_m = {site.elevation_m}\n"
        for site in demo_sites()
    )
    path.write_text(sites)
    return path


def replayed(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def test_what_came_is_replayed_and_an_interrupted_transfer_goes_on(folder: Path, config: Path, tmp_path: Path) -> None:
    records = [
        mseed.decode(each.raw) for path in sorted(folder.iterdir()) for each in mseed.split(path.read_bytes(), bad)
    ]
    streams = ",".join(sorted({str(packet.source_id) for packet in records}))
    cache, common = tmp_path / "cache", ("--config", config, *WINDOW)
    with serving(records, [cut_without_length]) as server:
        asked = (cache, "--fdsn", server.address, "--streams", streams, *common)
        first = replayed(*asked)
        n_requests = len(server.bodies)
        again = replayed(*asked)
        assert len(server.bodies) == n_requests > 1
    there = replayed(folder, *common)
    assert [each.exit_code for each in (first, again, there)] == [0, 0, 0], (first.output, again.output, there.output)
    assert first.stdout == again.stdout
    assert first.stdout.splitlines()[1:] == there.stdout.splitlines()[1:]  # hashes of result and input, and the events
    assert len(first.stdout.splitlines()) == 5


@pytest.fixture(scope="module")
def over_midnight() -> list[Packet]:
    """The same records, two minutes on each side of a midnight: two day files of each channel."""
    begin_ns = MIDNIGHT_NS - 110 * NS_PER_S
    records = schedule(builtin_recording(), begin_ns, 5.0)
    return [mseed.decode(each.raw) for each in takewhile(lambda one: one.end_ns < begin_ns + 230 * NS_PER_S, records)]


def asked_of(address: str, cache: Path, config: Path, records: list[Packet]) -> tuple[object, ...]:
    streams = ",".join(sorted({str(packet.source_id) for packet in records}))
    return cache, "--fdsn", address, "--streams", streams, "--config", config, *TWO_DAYS


@pytest.fixture(scope="module")
def whole(over_midnight: list[Packet], config: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What is fetched whole, each day searched while the next one comes, and again of what is there then."""
    begun_behind: list[int] = []
    taken: list[int] = []
    begin, load = Ahead.begin, Ahead._load

    def noted(ahead: Ahead, until_ns: int | None) -> None:
        begun_behind.append(len(server.bodies))
        begin(ahead, until_ns)

    def loaded(ahead: Ahead, number: int) -> Searched:
        taken.append(number)
        return load(ahead, number)

    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch, serving(over_midnight) as server:
        patch.setattr(Ahead, "begin", noted)
        patch.setattr(Ahead, "_load", loaded)
        overlapped = replayed(*asked_of(server.address, cache, config, over_midnight))
        assert overlapped.exit_code == 0, overlapped.output
        assert 0 < begun_behind[0] < begun_behind[1] == len(server.bodies)
        assert taken == [0, 1]
        there = replayed(cache, "--config", config, *TWO_DAYS, "--anew")
        assert taken == [0, 1]  # nothing was searched ahead of that one
    assert overlapped.stdout == there.stdout  # run, hashes of result and input, events
    return overlapped


def test_a_day_is_searched_while_the_next_one_is_fetched(whole: Result) -> None:
    assert len(whole.stdout.splitlines()) == 5


def test_files_that_change_behind_the_search_are_searched_again(
    over_midnight: list[Packet], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, hidden = tmp_path / "cache", []
    begin = Ahead.begin

    def late(ahead: Ahead, until_ns: int | None) -> None:
        begin(ahead, until_ns)
        if until_ns is not None:  # as if a record of the first day came with the second
            ahead._finish()
            path = next(iter(sorted(cache.glob("2010/*/*/*/*.147"))))
            hidden.append(path.read_bytes())
            path.write_bytes(hidden[0] + hidden[0][-512:])

    monkeypatch.setattr(Ahead, "begin", late)
    with serving(over_midnight) as server:
        changed = replayed(*asked_of(server.address, cache, config, over_midnight))
    there = replayed(cache, "--config", config, *TWO_DAYS, "--anew")
    assert hidden
    assert (changed.exit_code, changed.stdout) == (0, there.stdout)


def test_a_server_that_fails_in_the_middle_is_left_alone_and_asked_again(
    over_midnight: list[Packet], config: Path, whole: Result, tmp_path: Path
) -> None:
    def closed(handler: Handler, body: bytes) -> None:
        is_first = "2010-05-28T00:00:00" not in handler.data.bodies[-1].split()[-2]
        (sound if is_first else status(403, b"closed for today"))(handler, body)

    with serving(over_midnight, [closed] * 99) as server:
        half = replayed(*asked_of(server.address, tmp_path / "cache", config, over_midnight))
        server.answers.clear()
        rest = replayed(*asked_of(server.address, tmp_path / "cache", config, over_midnight))
    assert [each.exit_code for each in (half, rest)] == [0, 0], half.output
    assert "closed for today" in half.stderr
    assert "not all of it came: the same command asks again for the rest" in half.stderr
    assert "not all of it came" not in rest.stderr
    assert half.stdout.splitlines()[1:] != whole.stdout.splitlines()[1:]
    assert rest.stdout.splitlines()[1:] == whole.stdout.splitlines()[1:]


def bad(offset: int, length: int, reason: str) -> None:
    pytest.fail(reason)


def test_half_of_what_is_needed_is_refused(tmp_path: Path) -> None:
    for some in (
        ("--fdsn", "http://127.0.0.1:1"),
        ("--streams", "XX.*.*.*"),
        ("--fdsn", "x", "--streams", "XX.A..HHZ"),
    ):
        result = replayed(tmp_path, *some)
        assert result.exit_code == 2
        assert "--fdsn, --streams, --start, a later --end and one DIR are needed together" in result.output
