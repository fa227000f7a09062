"""ObsPy's client as a source: it resumes, it ends when told, and its limits are said."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from acquisition.seedlink import Phase, advance, open_source
from acquisition.seedlink.obspy_client import ObsPySource
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import OBSPY_LIMITS, SeedLinkSettings
from houfeng.errors import ConfigError
from houfeng.types import Packet
from tests.acquisition.test_seedlink_source import collecting, ignore, settings_for, wait_for


def test_it_resumes_behind_its_saved_cursor(packets: list[Packet]) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        settings = replace(settings_for(server.port), client="obspy")
        for packet in packets[:60]:
            ring.append(packet.raw)
        with collecting(ObsPySource(settings, {}, ignore)) as first:
            wait_for(first, 60)
        cursors = advance({}, first[:40])
        for packet in packets[60:]:
            ring.append(packet.raw)
        source = ObsPySource(settings, cursors, ignore)
        with collecting(source) as second:
            wait_for(second, 60)
            assert source.state.phase is Phase.STREAMING
            assert source.state.n_packets == 60
    assert [packet.raw for packet in second] == [packet.raw for packet in packets[40:]]
    assert source.state.phase is Phase.CLOSED


def test_it_ends_while_it_waits_for_a_quiet_server(packets: list[Packet]) -> None:
    with SeedLinkServer("127.0.0.1", 0, Ring()) as server:
        source = ObsPySource(replace(settings_for(server.port), client="obspy"), {}, ignore)
        began = time.monotonic()
        with collecting(source):
            time.sleep(0.5)
        assert time.monotonic() - began < 30


def test_its_limits_are_said(caplog: pytest.LogCaptureFixture) -> None:
    settings = SeedLinkSettings("test", "127.0.0.1:1", ("XX.TEST.*.*",), client="obspy")
    assert isinstance(open_source(settings, {}, ignore), ObsPySource)
    assert all(f"test: {limit}" in caplog.text for limit in OBSPY_LIMITS)
    assert replace(settings, client="houfeng").remarks == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tls": True}, "has neither TLS nor AUTH"),
        ({"auth": "jwt", "secret": "env:X"}, "has neither TLS nor AUTH"),
        ({"streams": ("XX.*.*.*",)}, "needs each station by name, 'XX.*.*.*' came"),
    ],
)
def test_what_it_cannot_do_is_refused(changes: dict[str, object], message: str) -> None:
    settings = SeedLinkSettings("test", "127.0.0.1:1", ("XX.TEST.*.*",), client="obspy")
    with pytest.raises(ConfigError, match="seedlink") as raised:
        replace(settings, **changes)  # type: ignore[arg-type]
    assert message in str(raised.value)
