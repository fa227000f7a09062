"""`houfeng stations import, set, show, list, diff` on a network of one configured station."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obspy
import pytest
from click.testing import CliRunner

from configs import load
from database import queries, registry
from database.records import AuditRow
from database.store import Store
from houfeng import importing
from houfeng.cli import main
from houfeng.errors import StoreError
from houfeng.network import read_network
from tests.stations.check.conftest import DOCUMENT

CONFIG = """
[[agency]]
code = "KIS"
name = "Institute of Seismology"
contact = "+996 312"
[[network]]
code = "KR"
name = "Kyrgyz Digital Network"
agency = "KIS"
[[seedlink]]
name = "geofon"
address = "192.0.2.1:18000"
streams = ["KR.*.*.BH?"]
[[station]]
code = "KR.NRN"
latitude_deg = 41.4
longitude_deg = 75.9
"""
LIST = """\
station,latitude_deg,longitude_deg,elevation_m,name,country,link
KR.BBB,41.5,75.6,2000,Beta,KG,
KR.NRN,,,,,,radio
"""

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in a folder with houfeng.toml; exit status and all that it printed."""
    monkeypatch.chdir(tmp_path)
    Path("houfeng.toml").write_text(CONFIG)
    Path("a.xml").write_text(DOCUMENT)
    Path("list.csv").write_text(LIST)

    def invoke(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["stations", *words], catch_exceptions=False)
        return result.exit_code, result.output

    return invoke


def audit() -> list[AuditRow]:
    store = Store.open(load("houfeng.toml").database.url)
    try:
        with store.read() as snapshot:
            return registry.audit(snapshot)
    finally:
        store.close()


def documents() -> list[str]:
    return sorted(path.name for path in Path("archive/.inventory/imported").glob("*"))


def shown(run: Run, station_id: str) -> dict[str, Any]:
    status, said = run("show", station_id, "--json")
    assert status == 0, said
    return dict(json.loads(said))


def test_a_dry_run_changes_nothing(run: Run) -> None:
    for option in ("--dry-run", "--check"):
        status, said = run("import", "a.xml", option)
        assert status == 0 and "a.xml: KR.AAA: is new" in said and "nothing was imported" in said
    assert not Path("archive").exists() and not Path("houfeng.db").exists()


def test_import_show_and_list(run: Run) -> None:
    status, said = run("import", "a.xml", "list.csv", "--by", "li", "--why", "first")
    assert status == 0 and "a.xml: imported" in said and "list.csv: imported" in said
    assert documents() == ["000001-a.xml", "000002-list.csv"]
    known = shown(run, "KR.AAA")
    assert (known["agency"], known["contact"], known["servers"]) == ("Institute of Seismology", "+996 312", ["geofon"])
    assert (known["network"], len(known["epochs"])) == ("Kyrgyz Digital Network", 1)
    # the small document states a normalisation that is none: it is said, not hidden
    assert "normalisation factor" in known["epochs"][0]["response"] or "poles" in known["epochs"][0]["response"]
    assert [row["id"] for row in json.loads(run("list", "--country", "KG", "--json")[1])["stations"]] == ["KR.BBB"]
    assert len(json.loads(run("list", "--network", "XX", "--json")[1])["stations"]) == 0
    assert set(read_network(load("houfeng.toml")).inventory.sites) == {"KR.AAA", "KR.BBB", "KR.NRN"}
    noted = {(row.who, row.station_id, row.field, row.after, row.why) for row in audit()}
    assert ("li", "KR.NRN", "link", "radio", "first") in noted
    assert ("li", "KR.AAA", "KR.AAA", "is new", "first") in noted


def test_dataless_seed_is_checked_and_taken_on_with_its_responses(run: Run) -> None:
    volume = Path(obspy.__file__).parent / "io/xseed/tests/data/dataless.seed.BW_FURT"
    Path("furt.dataless").write_bytes(volume.read_bytes())
    status, said = run("check", "furt.dataless")
    assert status == 0 and "1 files: 0 errors" in said
    status, said = run("import", "furt.dataless", "--by", "li", "--why", "old station")
    assert status == 0 and "furt.dataless: imported" in said
    assert Path("archive/.inventory/imported/000001-furt.dataless").read_bytes() == volume.read_bytes()
    assert len(shown(run, "BW.FURT")["epochs"]) == 3
    assert any("dataless SEED, 1 stations, 3 epochs" in row.after for row in audit())


def test_another_file_of_the_same_name_takes_its_place(run: Run) -> None:
    run("import", "a.xml")
    later = DOCUMENT.replace("<SampleRate>100<", "<SampleRate>100.1<").replace("2020-01-01", "2020-02-01")
    Path("a.xml").write_text(later)
    status, said = run("import", "a.xml")
    assert status == 0
    assert "KR.AAA.00.BHN from 2020-01-01T00:00:00Z: is gone" in said
    assert "KR.AAA.00.BHN from 2020-02-01T00:00:00Z: is new" in said
    assert documents() == ["000002-a.xml"]
    assert [epoch["start_ns"][:10] for epoch in shown(run, "KR.AAA")["epochs"]] == ["2020-02-01"]


def test_errors_forbid_the_import_unless_their_rule_is_accepted(run: Run) -> None:
    Path("bad.xml").write_text(DOCUMENT.replace("<Value>6e8<", "<Value>5e8<"))
    status, said = run("import", "a.xml", "bad.xml")
    assert status == 1 and "412 error KR.AAA.00.BHN" in said and "nothing was imported: 1 errors" in said
    assert documents() == []
    status, said = run("import", "bad.xml", "--accept", "412", "--why", "owner told")
    assert status == 0 and documents() == ["000001-bad.xml"]
    assert {row.why for row in audit()} == {"owner told; accepted: 412"}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.csv", "station,link\nKR.QQQ,radio\n", "KR.QQQ came"),
        ("x.csv", "station,latitude_deg\nKR.QQQ,91\n", "line 2: latitude_deg: -90 to 90 deg is needed, '91' came"),
        ("x.txt", "#Network|Station\nKR|AAA\n", "line 1: the heading"),
        ("x.csv", "station\n", "at least one station is needed"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(run: Run, name: str, text: str, words: str) -> None:
    Path(name).write_text(text)
    status, said = run("import", "a.xml", name)
    assert status == 2 and words in said
    assert documents() == []


def test_an_import_that_the_database_refuses_is_undone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("import", "a.xml")
    settings, store = load("houfeng.toml"), Store.open(load("houfeng.toml").database.url)
    Path("a.xml").write_text(DOCUMENT.replace("2020-01-01", "2020-02-01"))
    found = importing.look_over(Path("a.xml"), settings, read_network(settings))
    with store.begin() as unit:  # the audit cannot be written any more
        unit.connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(StoreError):
        importing.take_on(found, settings, store, at_ns=1, by="li", why="")
    assert documents() == ["000001-a.xml"]
    with store.read() as snapshot:
        epochs = snapshot.exec_driver_sql("SELECT start_ns FROM channel_epoch").scalars().all()
    assert epochs == [1_577_836_800 * 10**9]
    store.close()


def test_set_changes_all_or_none_and_says_who_and_why(run: Run) -> None:
    run("import", "a.xml", "list.csv")
    status, said = run("set", "KR.AAA", "KR.QQQ", "--usage", "off", "--why", "x")
    assert status == 2 and "KR.QQQ: a station that" in said
    assert shown(run, "KR.AAA")["usage"] == "full"
    status, said = run("set", "KR.*", "--usage", "maintenance", "--until", "2h", "--why", "battery", "--dry-run")
    assert status == 0 and said.count("maintenance until") == 3 and "nothing was changed" in said
    assert shown(run, "KR.AAA")["usage"] == "full"
    run("set", "KR.AAA", "--usage", "maintenance", "--until", "2h", "--contact", "+1", "--why", "battery", "--by", "li")
    known = shown(run, "KR.AAA")
    assert (known["usage"], known["usage_by"], known["usage_why"], known["contact"]) == (
        *("maintenance", "li", "battery"),
        "+1",
    )
    assert {row["field"] for row in known["audit"] if row["why"] == "battery"} == {"usage", "contact"}
    status, said = run("list", "--usage", "maintenance")
    assert status == 0 and "KR.AAA" in said and "KR.BBB" not in said and "li: battery" in said
    assert "maintenance until" in run("show", "KR.AAA")[1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--usage", "maintenance", "--why", "x"), "maintenance needs an end"),
        (("--usage", "off", "--until", "2020-01-01", "--why", "x"), "an end after now"),
        (("--usage", "off", "--until", "soon", "--why", "x"), "neither a UTC time such as"),
        (("--why", "x"), "nothing to set"),
        (("--link", "x", "--until", "2h", "--why", "x"), "--until is the end of a --usage"),
        (("--usage", "off"), "Missing option '--why'"),
    ],
)
def test_what_cannot_be_set_is_explained(run: Run, words: tuple[str, ...], complaint: str) -> None:
    status, said = run("set", "KR.NRN", *words)
    assert status == 2 and complaint in said
    assert audit() == []


def test_an_agency_may_be_given_by_its_code(run: Run) -> None:
    Path("list.csv").write_text("station,agency\nKR.AAA,KIS\n")
    run("import", "a.xml")
    run("set", "KR.AAA", "--agency", "CAIAG", "--contact", "+1", "--why", "sold")
    assert (shown(run, "KR.AAA")["agency"], shown(run, "KR.AAA")["contact"]) == ("CAIAG", "+1")
    run("set", "KR.AAA", "--agency", "KIS", "--why", "given back")
    assert shown(run, "KR.AAA")["contact"] == "+996 312"
    run("set", "KR.AAA", "--agency", "CAIAG", "--contact", "+1", "--why", "sold")
    status, said = run("import", "list.csv")
    assert status == 0 and "KR.AAA: agency: 'Institute of Seismology'" in said
    assert shown(run, "KR.AAA")["contact"] == "+996 312"


def test_a_file_is_compared_with_the_network_or_another_file(run: Run) -> None:
    assert "KR.AAA: is new" in run("diff", "a.xml")[1]
    run("import", "a.xml")
    assert "no difference" in run("diff", "a.xml")[1]
    Path("b.xml").write_text(DOCUMENT.replace("<Dip>0<", "<Dip>1<"))
    (change,) = json.loads(run("diff", "a.xml", "b.xml", "--json")[1])["changes"]
    assert change == {"what": "KR.AAA.00.BHN from 2020-01-01T00:00:00Z", "text": "dip: 0.0 deg -> 1.0 deg"}


def test_a_station_without_a_database_entry_is_unknown(run: Run) -> None:
    run("import", "a.xml")
    status, said = run("show", "KR.QQQ")
    assert status == 2 and "KR.QQQ: NET.STA is needed" in said
    store = Store.open(load("houfeng.toml").database.url)
    with store.read() as snapshot:
        assert queries.station_ids(snapshot) == ["KR.AAA"]
    store.close()
