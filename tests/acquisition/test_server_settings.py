"""What an operator may write under [seedlink_server], and what is said to mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs import load
from houfeng.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "houfeng.toml"
    path.write_text(f"[seedlink_server]\n{text}\n")
    return path


def test_paths_of_the_certificate_start_at_the_file(tmp_path: Path) -> None:
    served = load(write(tmp_path, 'tls_certificate = "a.pem"\ntls_key = "/etc/a.key"')).seedlink_server
    assert (served.tls_certificate, served.tls_key) == (str(tmp_path / "a.pem"), "/etc/a.key")
    assert load(write(tmp_path, "")).seedlink_server.tls_certificate == ""


def test_rules_of_access_are_read(tmp_path: Path) -> None:
    text = '[[seedlink_server.access]]\nstations = ["KR.*", "XX.A?"]\naddresses = ["192.0.2.7", "2001:db8::/32"]'
    (rule,) = load(write(tmp_path, text)).seedlink_server.access
    assert (rule.stations, rule.addresses) == (("KR.*", "XX.A?"), ("192.0.2.7", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 0", "seedlink_server.port: a port from 1 to 65535 is needed, 0 came"),
        ("tls_port = 70000", "seedlink_server.tls_port: a port from 1 to 65535 is needed, 70000 came"),
        ("max_clients = 0", "seedlink_server.max_clients: more than 0 is needed, 0 came"),
        ("history_h = -1", "seedlink_server.history_h: more than 0 h is needed, -1 came"),
        ('tls_key = "a"', "seedlink_server.tls_certificate, seedlink_server.tls_key: both are needed, or neither"),
        (
            'tls_key = "a"\ntls_certificate = "b"\nport = 18500',
            "seedlink_server.tls_port: another port than port is needed, 18500 came for both",
        ),
        (
            '[[seedlink_server.access]]\nstations = ["KR"]\naddresses = []',
            "seedlink_server.access.stations: NET.STA (* and ? allowed) is needed, 'KR' came",
        ),
        (
            '[[seedlink_server.access]]\nstations = ["KR.*"]\naddresses = ["example.org"]',
            "an address or network such as 192.0.2.0/24 is needed, 'example.org' came",
        ),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(write(tmp_path, text))
    assert message in str(raised.value)
