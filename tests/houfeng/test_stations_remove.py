"""`houfeng stations remove`: an import is taken back, audited; what else is known of a station counts again."""

from __future__ import annotations

from pathlib import Path

from configs import load
from houfeng.network import read_network
from tests.houfeng.test_stations_cli import LIST, Run, audit, documents, run, shown
from tests.stations.check.conftest import DOCUMENT

__all__ = ["run"]


def test_an_import_is_taken_back_and_noted(run: Run) -> None:
    run("import", "a.xml", "list.csv", "--why", "first")
    run("set", "KR.AAA", "--contact", "+1", "--why", "new number")
    status, said = run("remove", "a.xml", "--why", "wrong file", "--by", "li", "--dry-run")
    assert status == 0 and "nothing was removed" in said and documents() == ["000001-a.xml", "000002-list.csv"]
    status, said = run("remove", "a.xml", "--why", "wrong file", "--by", "li")
    assert status == 0, said
    assert "KR.AAA: is gone" in said and "000001-a.xml: removed" in said
    assert "archived records, picks and events stay" in said and "asked for at geofon: records go on coming" in said
    assert documents() == ["000002-list.csv"]
    assert set(read_network(load("houfeng.toml")).inventory.sites) == {"KR.BBB", "KR.NRN"}
    assert run("show", "KR.AAA")[0] == 2  # nothing is known of it any more
    noted = {(row.who, row.action, row.field, row.before, row.after, row.why) for row in audit()}
    assert ("li", "remove", "document", "000001-a.xml", "", "wrong file") in noted
    assert ("li", "remove", "KR.AAA", "", "is gone", "wrong file") in noted
    # what an operator set is there again with the station
    run("import", "a.xml", "--why", "right after all")
    assert shown(run, "KR.AAA")["contact"] == "+1"


def test_a_station_is_named_where_its_document_has_no_other(run: Run) -> None:
    Path("two.csv").write_text(LIST + "KR.CCC,42,75,1000,Gamma,KG,\n")
    run("import", "a.xml", "two.csv")
    status, said = run("remove", "KR.BBB", "--why", "x")
    assert status == 2 and "000002-two.csv describes KR.CCC as well" in said
    assert documents() == ["000001-a.xml", "000002-two.csv"]
    assert run("remove", "KR.BBB", "KR.CCC", "--why", "x")[0] == 0
    assert documents() == ["000001-a.xml"]
    status, said = run("remove", "KR.NRN", "--why", "configured, not imported")
    assert status == 2 and "imported are: 000001-a.xml" in said


def test_what_an_older_document_says_counts_again(run: Run) -> None:
    run("import", "a.xml")
    Path("b.xml").write_text(DOCUMENT.replace("<SampleRate>100<", "<SampleRate>100.1<"))
    run("import", "b.xml")
    assert [epoch["sample_rate_hz"] for epoch in shown(run, "KR.AAA")["epochs"]] == [100.1]
    status, said = run("remove", "b.xml", "--why", "rate is 100 Hz")
    assert status == 0 and "sample rate: 100.1 Hz -> 100.0 Hz" in said
    assert [epoch["sample_rate_hz"] for epoch in shown(run, "KR.AAA")["epochs"]] == [100.0]
