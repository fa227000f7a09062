"""`houfeng events`: lists and one event, for people, for programs, and as QuakeML that its schema accepts."""

from __future__ import annotations

import io
import json
from pathlib import Path

import obspy
import pytest
from click.testing import CliRunner, Result
from obspy.io.quakeml.core import _validate

from database.store import Store
from houfeng.cli import main
from houfeng.times import format_ns
from tests.database.conftest import T0_NS, located, make_event, make_run, sized

EVENT = sized(located(make_event(), 3.6))
OLD = make_event(-100)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose database has an event with everything, one that was withdrawn, and a synthetic run."""
    url = f"sqlite:///{tmp_path / 'houfeng.db'}"
    store = Store.open(url)
    with store.begin() as unit:
        unit.save_run(make_run("live"))
        unit.save_run(make_run("made", "replay", is_synthetic=True))
        for run_id, events in (("live", [EVENT, OLD]), ("made", [EVENT])):
            unit.save_picks(run_id, [pick for event in events for pick in event.picks])
            if run_id == "live":
                unit.note_revisions("live", events, [], T0_NS)
            unit.save_events(run_id, events)
    with store.begin() as unit:
        unit.note_revisions("live", [], [OLD.public_id], T0_NS)
        unit.withdraw_events("live", [OLD.public_id])
    store.close()
    path = tmp_path / "houfeng.toml"
    path.write_text(f'[database]\nurl = "{url}"\n')
    return path


def run(config: Path, *args: str) -> Result:
    result = CliRunner().invoke(main, ["events", *args, "--config", str(config)])
    assert result.exit_code == 0, result.output
    return result


def ids(config: Path, *args: str) -> list[str]:
    return [row["id"] for row in json.loads(run(config, "list", "--format", "json", *args).output)["events"]]


def test_lists_by_time_magnitude_and_status(config: Path) -> None:
    assert ids(config) == [EVENT.public_id]
    assert ids(config, "--status", "all") == [EVENT.public_id, OLD.public_id]
    assert ids(config, "--status", "gone") == [OLD.public_id]
    assert ids(config, "--until", format_ns(T0_NS), "--status", "all") == [OLD.public_id]
    assert ids(config, "--min-magnitude", "2.1") == [EVENT.public_id]
    assert ids(config, "--min-magnitude", "2.2") == []
    assert "withdrawn" in run(config, "list", "--status", "all").output
    assert "status" not in run(config, "list").output


def test_one_event_for_people(config: Path) -> None:
    said = run(config, "show", EVENT.public_id.removeprefix("event/")).output
    for line in (
        "Place:        48.050 N 11.643 E, 4 km deep, GERMANY",
        "Depth:        4.2 km ± 3.6 km",
        "Magnitude:    ML 2.1? (2 stations, 3 are needed)",
        "Quality:      D 3 stations; gap 117° > 90°",
        "Type:         possible blast",
    ):
        assert line in said
    for title in ("Picks", "Magnitudes", "Station magnitudes", "History"):
        assert f"\n{title}\n" in said
    assert "+BW.UH1 P, +BW.UH2 P, +BW.UH3 P" in said
    assert "SYNTHETIC" not in said
    assert "SYNTHETIC" in run(config, "show", EVENT.public_id, "--run", "made").output


def test_one_that_was_withdrawn_is_shown_as_it_was(config: Path) -> None:
    said = run(config, "show", OLD.public_id).output
    assert "Status:       withdrawn; figures are those that were published last" in said
    assert json.loads(run(config, "show", OLD.public_id, "--json").output)["status"] == "withdrawn"


def test_one_that_never_was_is_refused_with_the_way_to_find_one(config: Path) -> None:
    result = CliRunner().invoke(main, ["events", "show", "event/0123", "--config", str(config)])
    assert result.exit_code == 2
    assert "event/0123: the live runs have no event of this id; `houfeng events list` shows ids" in result.output


def test_quakeml_is_what_the_schema_wants_and_obspy_reads_back(config: Path) -> None:
    for event, run_id in ((EVENT, "live"), (OLD, "live"), (EVENT, "made")):
        document = run(config, "show", event.public_id, "--quakeml", "--run", run_id).stdout_bytes
        assert _validate(io.BytesIO(document))
    (found,) = obspy.read_events(io.BytesIO(document))
    assert next(comment.text for comment in found.comments).startswith("Synthetic")
    origin, magnitude = found.preferred_origin(), found.preferred_magnitude()
    assert EVENT.origin is not None
    assert abs(origin.time.ns - EVENT.origin.time_ns) <= 500  # it has microseconds
    assert (origin.latitude, origin.depth) == (48.05, 4200)
    assert (magnitude.mag, magnitude.magnitude_type) == (2.13, "ML")
    assert {pick.waveform_id.get_seed_string() for pick in found.picks} == {f"BW.UH{n}..EHZ" for n in (1, 2, 3)}
    assert [arrival.time_residual for arrival in origin.arrivals] == [-0.02]
    assert [each.mag for each in found.station_magnitudes] == [2.03, 2.23, 2.4]


def test_a_withdrawn_event_is_not_existing_in_quakeml(config: Path) -> None:
    document = run(config, "show", OLD.public_id, "--quakeml").stdout_bytes
    (found,) = obspy.read_events(io.BytesIO(document))
    assert found.event_type == "not existing"
