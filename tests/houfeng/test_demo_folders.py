"""The demo with somebody's own folder of records: any length and version, damage named, nothing else stopped."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition.records import pack
from acquisition.server import Ring
from houfeng.demo import DemoFeed, DemoSettings
from houfeng.demo_records import Timed, folder_recording, schedule
from houfeng.errors import SourceError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId


def decoded(timed: list[Timed]) -> obspy.Stream:
    return obspy.read(io.BytesIO(b"".join(one.raw for one in timed)), format="MSEED")


def write(path: Path, source_id: SourceId, *, seconds: int = 20, length: int = 512, **options: int) -> np.ndarray:
    samples = np.random.default_rng(abs(hash(path.name)) % 1000).integers(-5000, 5000, seconds * 100)
    start_ns = 1_562_383_163_000_000_000
    path.write_bytes(b"".join(pack(source_id, start_ns, 100.0, samples, length, **options)))
    return samples


def test_a_recording_that_is_played_once_finishes(tmp_path: Path) -> None:
    write(tmp_path / "a.mseed", SourceId.parse("XX.AAA..HHZ"), seconds=60)
    ring = Ring()
    with DemoFeed(ring, DemoSettings(data=str(tmp_path), speed=200)) as feed:
        assert feed.finished.wait(60)
        ended_ns = now_ns()
    (span,) = ring.streams()
    assert span.end_ns - span.start_ns == 60 * NS_PER_S
    assert 0 <= ended_ns - span.end_ns < NS_PER_S


def test_a_folder_is_played_whatever_its_record_length_and_version(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    expected = {
        "XX.AAA..HHZ": write(tmp_path / "a.mseed", SourceId.parse("XX.AAA..HHZ"), length=4096),
        "XX.BBB.00.HHZ": write(tmp_path / "deeper" / "XX.BBB.00.HHZ.D.2019.187", SourceId.parse("XX.BBB.00.HHZ")),
        "XX.CCC..HHZ": write(tmp_path / "c.ms", SourceId.parse("XX.CCC..HHZ"), version=3),
    }
    (tmp_path / "XX.xml").write_text("<FDSNStationXML/>")
    (tmp_path / "README.md").write_text("records of three stations")
    recording = folder_recording(tmp_path)
    assert recording.inventory_files == (tmp_path / "XX.xml",)
    stream = decoded(list(schedule(recording, 1_790_000_000_000_000_000, 1.0))).merge(method=-1)
    assert {trace.id: trace.data.tolist() for trace in stream} == {
        name: samples.tolist() for name, samples in expected.items()
    }
    assert {trace.stats.starttime.ns for trace in stream} == {1_790_000_000_000_000_000}


def test_a_text_file_named_mseed_is_named_once_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.mseed", SourceId.parse("XX.AAA..HHZ"))
    (tmp_path / "notes.mseed").write_text("station visit on Tuesday\n" * 50)
    (tmp_path / "notes.txt").write_text("not looked at")
    recording = folder_recording(tmp_path)
    assert [str(source_id) for source_id in recording.source_ids] == ["XX.AAA..HHZ"]
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith(f"{tmp_path / 'notes.mseed'}: skipped: a miniSEED record was expected")


def test_a_truncated_file_is_played_up_to_the_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    samples = write(tmp_path / "a.mseed", SourceId.parse("XX.AAA..HHZ"))
    whole = (tmp_path / "a.mseed").read_bytes()
    (tmp_path / "a.mseed").write_bytes(whole[:-100])
    recording = folder_recording(tmp_path)
    n_played = sum(len(segment.samples) for segment in recording.segments)
    assert 0 < n_played < len(samples)
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith(f"{tmp_path / 'a.mseed'}, byte ")
    assert line.endswith("412 bytes left out")


def test_gaps_in_a_file_stay_gaps(tmp_path: Path) -> None:
    write(tmp_path / "a.mseed", SourceId.parse("XX.AAA..HHZ"))
    whole = (tmp_path / "a.mseed").read_bytes()
    (tmp_path / "a.mseed").write_bytes(whole[: 3 * 512] + whole[5 * 512 :])
    expected = obspy.read(str(tmp_path / "a.mseed"))
    played = decoded(list(schedule(folder_recording(tmp_path), expected[0].stats.starttime.ns, 1.0))).merge(method=-1)
    assert len(expected) == 2
    assert [(t.stats.starttime.ns, t.data.tolist()) for t in played] == [
        (t.stats.starttime.ns, t.data.tolist()) for t in expected
    ]


@pytest.mark.parametrize("content", [None, "empty", "text"])
def test_a_folder_without_a_record_is_an_error(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "data"
    if content:
        folder.mkdir()
    if content == "text":
        (folder / "a.mseed").write_text("no record")
    with pytest.raises(SourceError, match=str(folder)):
        DemoFeed(Ring(), DemoSettings(data=str(folder)))


def test_too_large_a_folder_is_sent_to_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.mseed", SourceId.parse("XX.AAA..HHZ"))
    monkeypatch.setattr("houfeng.demo_records.MAX_FOLDER_BYTES", 1000)
    with pytest.raises(SourceError, match="houfeng replay"):
        folder_recording(tmp_path)


@pytest.mark.data
def test_ridgecrest_is_played_sample_for_sample(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("ridgecrest2019")
    recording = folder_recording(folder)
    assert len(recording.inventory_files) == 11
    expected = obspy.read(str(folder / "*.mseed"))
    played = decoded(list(schedule(recording, expected[0].stats.starttime.ns, 1.0))).merge(method=-1)
    found = {trace.id: trace for trace in played}
    assert len(played) == len(found) == len(expected) == 33
    for trace in expected:
        np.testing.assert_array_equal(found[trace.id].data, trace.data)
