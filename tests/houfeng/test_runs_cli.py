"""`houfeng runs`: two runs side by side, against picks and events whose differences are known."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from database import run_results
from database.run_records import RunChannel, RunInput
from database.store import Store
from houfeng.cli import main
from houfeng.times import NS_PER_S
from houfeng.types import Event
from tests.database.conftest import T0_NS, located, make_pick, make_run

Runs = Callable[..., Result]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """`houfeng runs` on a database with three runs: B lacks, has and moved some of what A has, C is as A."""
    monkeypatch.chdir(tmp_path)
    store = Store.open("sqlite:///houfeng.db")
    same, lost, moved, far = (make_pick("UH1", offset_s) for offset_s in (0, 100, 200, 300))
    elsewhere = make_pick("UH2", 0)
    onset_ns = {"moved": moved.onset_ns + NS_PER_S // 5, "far": far.onset_ns + NS_PER_S * 6 // 10}
    of_a = [same, elsewhere, lost, moved, far]
    of_b = [same, elsewhere, replace(moved, onset_ns=onset_ns["moved"]), replace(far, onset_ns=onset_ns["far"])]
    configs = {"a": {"detection": {"on_ratio": 5.0, "sta_s": 0.5}}, "b": {"detection": {"on_ratio": 8.0, "sta_s": 0.5}}}
    events = {"a": [located(Event((same, elsewhere))), Event((lost,))], "b": [located(Event((same, elsewhere)))]}
    events["b"] = [replace(event, origin=replace(event.origin, depth_km=9.0)) for event in events["b"] if event.origin]
    for name, like, picks in (("a", "a", of_a), ("b", "b", of_b), ("c", "a", of_a)):
        run_id, sha = f"run/{name}", f"hash of {like}"
        run = make_run(run_id, "replay", config=json.dumps(configs[like]), result_hash=sha)
        end_ns = T0_NS + 350 * NS_PER_S
        with store.begin() as unit:
            unit.save_run(run)
            unit.save_picks(run_id, picks)
            unit.save_events(run_id, events[like])
            run_results.save_inputs(unit, run_id, [RunInput("x.mseed", "records", "BW.UH1..EHZ", sha, 512)])
            channel = RunChannel("BW.UH1..EHZ", 1, 412, T0_NS - NS_PER_S, end_ns, 0, 0, {"spike": len(picks)})
            run_results.save_channels(unit, run_id, [channel, replace(channel, source_id="BW.UH2..EHZ")])
    store.close()
    return lambda *arguments: CliRunner().invoke(main, ["runs", *arguments])


def test_what_differs_is_found_with_why(runs: Runs) -> None:
    answer = runs("diff", "a", "run/b", "--format", "json")
    assert answer.exit_code == 1, answer.output
    found = json.loads(answer.output)
    assert not found["same"]
    assert found["counts"]["picks"] == {"same": 2, "moved": 1, "only A": 2, "only B": 1}
    assert found["counts"]["events"] == {"changed": 1, "only A": 1}
    assert found["median_shift_s"] == pytest.approx(0.2)
    assert found["why"]["configuration"] == [{"name": "detection.on_ratio", "a": 5.0, "b": 8.0}]
    assert found["why"]["inputs"] == [{"name": "x.mseed", "a": "hash of a", "b": "hash of b"}]
    by_kind = {(pick["difference"], pick["shift_s"]): pick["why"] for pick in found["picks"]}
    # the file of this channel is another one, which counts before the configuration
    assert by_kind == {
        ("moved", 0.2): "other records",
        ("only A", None): "other records",
        ("only B", None): "other records",
    }
    assert {"name": "BW.UH1..EHZ vetoed spike", "a": 5, "b": 4} in found["measures"]
    assert {"name": "BW.UH1..EHZ picks", "a": 4, "b": 3} in found["measures"]


def test_a_wider_tolerance_makes_one_of_two(runs: Runs) -> None:
    found = json.loads(runs("diff", "a", "b", "--pick-s", "0.7", "--format", "json").output)
    assert found["counts"]["picks"] == {"same": 2, "moved": 2, "only A": 1}


def test_every_difference_is_a_row(runs: Runs) -> None:
    rows = list(csv.DictReader(io.StringIO(runs("diff", "a", "b", "--format", "csv").output)))
    kinds = [row["difference"] for row in rows if row["difference"] != "measure"]
    assert kinds == [
        *("configuration", "input", "event changed", "event only A"),
        *("pick only A", "pick moved", "pick only A", "pick only B"),
    ]


def test_two_of_one_result_are_the_same(runs: Runs) -> None:
    answer = runs("diff", "a", "c")
    assert answer.exit_code == 0, answer.output
    assert "the two found the same" in answer.output


def test_a_run_that_is_not_there_is_named(runs: Runs) -> None:
    answer = runs("diff", "a", "nowhere")
    assert answer.exit_code == 2
    assert "run/nowhere: there is no run of this id" in answer.output


def test_a_run_is_shown_with_its_inputs(runs: Runs) -> None:
    found = json.loads(runs("show", "a", "--format", "json").output)
    assert found["configuration"] == {"detection": {"on_ratio": 5.0, "sta_s": 0.5}}
    assert found["inputs"][0]["sha256"] == found["result_hash"] == "hash of a"
    assert [(each["channel"], each["n_picks"]) for each in found["channels"]] == [
        ("BW.UH1..EHZ", 4),
        ("BW.UH2..EHZ", 1),
    ]
    said = runs("show", "a").output
    assert "x.mseed" in said and "BW.UH2..EHZ" in said
