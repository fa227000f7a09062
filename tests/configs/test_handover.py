"""Settings that go to another process arrive as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs import Settings, load
from configs.handover import packed, unpacked
from houfeng.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
FULL = """
preset = "local"

[database]
url = "postgresql+psycopg://houfeng:pa%20ss@localhost/houfeng"

[[seedlink]]
name = "geofon"
address = "geofon.gfz.de:18000"
streams = ["GE.*.*.HH?"]
auth = "userpass"
user = "me"
secret = "file:password"

[[fdsn]]
address = "https://geofon.gfz.de"

[[station]]
code = "GE.KBU"
name = "喀布尔 (Kabul)"
latitude_deg = 34.5
longitude_deg = 69.0

[seedlink_server]
enabled = true
[[seedlink_server.access]]
stations = ["GE.*"]
addresses = ["192.0.2.0/24"]
"""


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("networks/*.toml")), ids=lambda file: file.stem)
def test_networks_arrive_as_they_are(file: Path) -> None:
    settings = load(file)
    assert unpacked(packed(settings)) == settings


def test_everything_arrives_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "houfeng.toml").write_text(FULL)
    settings = load(tmp_path / "houfeng.toml")
    line = packed(settings)
    assert line.count(b"\n") == 1
    assert unpacked(line) == settings
    assert unpacked(packed(Settings())) == Settings()


@pytest.mark.parametrize("line", [b"", packed(Settings())[:-20], b'{"no_such_room": {}}\n'])
def test_what_broke_off_or_is_of_another_release_is_refused(line: bytes) -> None:
    with pytest.raises(ConfigError):
        unpacked(line)
