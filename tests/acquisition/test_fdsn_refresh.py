"""StationXML fetched anew: when it is old, whole or not at all, and told only when it says something else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.fdsn.documents import document_path, fetched_files
from acquisition.fdsn.refresh import Refresh
from acquisition.fdsn.settings import FdsnSettings
from houfeng.errors import SourceError
from houfeng.times import now_ns
from stations.inventory import parse_stationxml
from tests.acquisition.fdsn_server import FdsnServer, always, serving, status

XML = (
    '<?xml version="1.0"?><FDSNStationXML xmlns="http://www.fdsn.org/xml/station/1" schemaVersion="1.2">'
    "<Source>test</Source><Created>{created}</Created>"
    '<Network code="XX"><Station code="AAA"><Latitude>{latitude}</Latitude><Longitude>75</Longitude>'
    "<Elevation>900</Elevation><Site><Name>A</Name></Site></Station></Network></FDSNStationXML>"
)
STREAMS = ("XX.AAA..HHZ", "XX.B*.*.HH?")


def document(latitude: float = 42.0, created: str = "2026-11-22T00:00:00Z") -> bytes:
    return XML.format(latitude=latitude, created=created).encode()


@pytest.fixture
def server() -> Iterator[FdsnServer]:
    with serving([]) as data:
        data.others["station"] = always(document())
        yield data


def service(server: FdsnServer, **keys: object) -> FdsnSettings:
    return FdsnSettings(server.address, tries=1, **{"refresh_h": 24.0, **keys})  # type: ignore[arg-type]


def refresh(one: FdsnSettings, root: Path) -> Refresh:
    return Refresh([one], STREAMS, root, parse_stationxml)


def make_old(path: Path, hours: float) -> None:
    then_ns = now_ns() - round(hours * 3600e9)
    os.utime(path, ns=(then_ns, then_ns))


def test_a_document_is_fetched_once_and_again_when_it_is_old(server: FdsnServer, tmp_path: Path) -> None:
    one = service(server)
    path = document_path(tmp_path, one)
    assert fetched_files(tmp_path, [one]) == []
    assert refresh(one, tmp_path).run()
    assert path.read_bytes() == document()
    assert fetched_files(tmp_path, [one]) == [path]
    server.others["station"] = always(document(43.0))
    make_old(path, 23.9)
    assert not refresh(one, tmp_path).run()
    assert path.read_bytes() == document()
    make_old(path, 24.1)
    assert refresh(one, tmp_path).run()
    assert path.read_bytes() == document(43.0)


def test_another_time_of_making_is_nothing_new(server: FdsnServer, tmp_path: Path) -> None:
    one = service(server)
    refresh(one, tmp_path).run()
    path = document_path(tmp_path, one)
    make_old(path, 30)
    server.others["station"] = always(document(created="2026-11-23T06:00:00Z"))
    assert not refresh(one, tmp_path).run()
    assert path.read_bytes() == document()
    assert now_ns() - path.stat().st_mtime_ns < 60e9  # not asked for again until tomorrow


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (always(b"<html>maintenance</html>"), "a whole StationXML document was expected"),
        (status(503), "503"),
        (status(204), "no station metadata of XX.AAA..HHZ, XX.B*.*.HH?; what was known stays"),
        (always(document(95.0)), "cannot be used, what was known stays"),
    ],
)
def test_what_is_no_document_leaves_the_one_before(
    answer: object, reason: str, server: FdsnServer, tmp_path: Path
) -> None:
    one = service(server)
    refresh(one, tmp_path).run()
    path = document_path(tmp_path, one)
    make_old(path, 48)
    server.others["station"] = answer  # type: ignore[assignment]
    with pytest.raises(SourceError, match=reason.replace("*", r"\*").replace("?", r"\?")):
        refresh(one, tmp_path).run()
    assert path.read_bytes() == document()


def test_a_service_for_everything_is_asked_for_what_the_network_wants(server: FdsnServer, tmp_path: Path) -> None:
    asked = []

    def answer(handler, body: bytes) -> None:  # type: ignore[no-untyped-def]
        asked.append([line.split()[:4] for line in body.decode().splitlines() if "=" not in line])
        always(document())(handler, b"")

    server.others["station"] = answer
    refresh(service(server), tmp_path).run()
    refresh(service(server, streams=("KR.*.*.BHZ",)), tmp_path / "other").run()
    assert asked == [[["XX", "AAA", "--", "HHZ"], ["XX", "B*", "*", "HH?"]], [["KR", "*", "*", "BHZ"]]]


def test_a_service_without_refresh_is_left_alone(server: FdsnServer, tmp_path: Path) -> None:
    one = service(server, refresh_h=0.0)
    assert not refresh(one, tmp_path).run()
    assert fetched_files(tmp_path, [one]) == []
    assert not (tmp_path / ".inventory").exists()
