"""`houfeng replay --fdsn`: what a data centre has is fetched and replayed in one go, and found as in any folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acquisition import mseed
from houfeng.cli import main
from houfeng.demo import demo_sites
from houfeng.times import NS_PER_S, format_ns
from tests.acquisition.fdsn_server import cut_without_length, serving
from tests.houfeng.test_replays import START_NS, folder

__all__ = ["folder"]

WINDOW = ("--start", format_ns(START_NS), "--end", format_ns(START_NS + 230 * NS_PER_S))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "houfeng.toml"
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
