"""The network from files: what is wrong with one document is said in one line, and the others count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from acquisition.settings import SeedLinkSettings
from configs import Settings
from houfeng.network import load_network
from houfeng.types import SourceId
from stations.settings import InventorySettings, SiteSettings

DOCTYPE = '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aaaa">]>\n<FDSNStationXML>&a;</FDSNStationXML>\n'


def configured(*patterns: str, streams: tuple[str, ...] = (), stations: tuple[SiteSettings, ...] = ()) -> Settings:
    servers = (SeedLinkSettings("test", "127.0.0.1:18000", streams),) if streams else ()
    return Settings(inventory=InventorySettings(patterns), seedlink=servers, station=stations)


@pytest.mark.data
def test_a_document_with_a_doctype_is_named_and_left_out(
    tmp_path: Path, shared_data: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    good = (shared_data("ridgecrest2019") / "CI.CCC.xml").read_bytes()
    (tmp_path / "good.xml").write_bytes(good)
    (tmp_path / "evil.xml").write_text(DOCTYPE)
    network = load_network(configured(f"{tmp_path}/*.xml"))
    assert list(network.inventory.sites) == ["CI.CCC"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert "evil.xml" in line
    assert "DOCTYPE" in line
    assert "left out" in line


def test_a_pattern_that_matches_nothing_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_network(configured(f"{tmp_path}/*.xml"))
    assert f"inventory.files: {tmp_path}/*.xml matches no file" in caplog.text


def test_a_folder_named_like_a_document_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "folder.xml").mkdir()
    load_network(configured(f"{tmp_path}/*.xml"))
    assert "folder.xml: cannot be read: Is a directory" in caplog.text


@pytest.mark.data
def test_wanted_are_full_names_and_open_epochs_that_a_pattern_matches(shared_data: Callable[[str], Path]) -> None:
    documents = f"{shared_data('ridgecrest2019')}/CI.*.xml"
    off = SiteSettings("XX.OFF", 1.0, 2.0, usage="off")
    network = load_network(configured(documents, streams=("CI.CCC..HNZ", "CI.WNM.*.HN?"), stations=(off,)))
    assert SourceId.parse("CI.CCC..HNZ") in network.wanted
    open_wnm = {e.source_id for e in network.inventory.epochs if e.source_id.station == "WNM" and e.end_ns is None}
    assert network.wanted == {SourceId.parse("CI.CCC..HNZ")} | {s for s in open_wnm if s.channel.startswith("HN")}
    assert network.usages["XX.OFF"] == "off"
    assert network.usages["CI.CCC"] == "full"
    assert "CI.SLA" not in network.usages
