"""`houfeng archive stats`: against figures worked out by hand and ObsPy's gaps."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest
from click.testing import CliRunner

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.archive_import import import_files, wanted_files
from acquisition.archive_stats import StreamStats, stats
from acquisition.records import pack
from houfeng.cli import main
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId

STREAM = SourceId("XX", "TEST", "", "LHZ")
DAY_S = 86_400


def archive_of(root: Path, *parts: tuple[str, int]) -> StreamStats:
    """Statistics of 1 Hz data from each time on, so many samples."""
    archive = Archive(root)
    for start, n_samples in parts:
        raws = pack(STREAM, parse_ns(start), 1.0, np.arange(n_samples, dtype=np.int32), 4096)
        archive.append(mseed.decode(raw) for raw in raws)
    archive.close()
    (row,) = stats(root)
    return row


def test_three_whole_days_are_complete(tmp_path: Path) -> None:
    row = archive_of(tmp_path, ("2023-12-31", 3 * DAY_S))
    assert row.first_ns == parse_ns("2023-12-31")
    assert row.last_ns == parse_ns("2024-01-03")
    assert (row.n_days, row.n_complete, row.complete_percent, row.n_gaps, row.n_overlaps) == (3, 3, 100.0, 0, 0)
    assert row.n_bytes == row.n_records * 4096


def test_a_grid_that_has_no_sample_at_midnight_is_complete(tmp_path: Path) -> None:
    row = archive_of(tmp_path, ("2024-01-01T00:00:00.7", 2 * DAY_S))
    assert row.n_complete == 2
    assert row.complete_percent == pytest.approx(200 / 3)  # the last sample ends on the third day


def test_a_day_without_its_first_or_last_sample_is_not_complete(tmp_path: Path) -> None:
    assert archive_of(tmp_path / "first", ("2024-01-01T00:00:01", DAY_S - 1)).n_complete == 0
    assert archive_of(tmp_path / "last", ("2024-01-01", DAY_S - 1)).n_complete == 0


def test_a_missing_sample_breaks_its_day(tmp_path: Path) -> None:
    row = archive_of(tmp_path, ("2024-01-01", DAY_S + 100), ("2024-01-02T00:01:41", 2 * DAY_S - 101))
    assert (row.n_gaps, row.gap_s, row.n_complete) == (1, 1.0, 2)
    assert row.complete_percent == pytest.approx(200 / 3)


def test_days_without_a_file_count_as_incomplete(tmp_path: Path) -> None:
    row = archive_of(tmp_path, ("2024-01-01", DAY_S), ("2024-01-04", DAY_S))
    assert (row.n_days, row.n_complete, row.complete_percent) == (2, 2, 50.0)
    assert (row.n_gaps, row.gap_s) == (1, 2.0 * DAY_S)


def test_overlaps_are_counted_and_hide_no_gap(tmp_path: Path) -> None:
    row = archive_of(tmp_path, ("2024-01-01", 1000), ("2024-01-01T00:05:00", 100), ("2024-01-01T00:20:00", 100))
    assert (row.n_overlaps, row.n_gaps, row.gap_s) == (1, 1, 200.0)


def test_the_command_prints_every_stream(tmp_path: Path) -> None:
    archive_of(tmp_path, ("2024-01-01", DAY_S), ("2024-01-02", 100))
    result = CliRunner(catch_exceptions=False).invoke(main, ["archive", "stats", str(tmp_path), "--format", "csv"])
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert (row["stream"], row["days"], row["complete_percent"]) == ("XX.TEST..LHZ", "2", "50.0")
    assert (row["first"], row["last"]) == ("2024-01-01T00:00:00.000000Z", "2024-01-02T00:01:40.000000Z")


def test_the_table_fits_a_terminal_of_eighty_columns(tmp_path: Path) -> None:
    archive_of(tmp_path, ("2024-01-01", DAY_S), ("2024-01-02", 100))
    out = CliRunner(catch_exceptions=False).invoke(main, ["archive", "stats", str(tmp_path)]).stdout
    (line,) = (line for line in out.splitlines() if "XX.TEST" in line)
    assert line.split()[:5] == ["XX.TEST..LHZ", "2024-01-01", "2024-01-02", "50.0", "%"]
    assert max(map(len, out.splitlines())) <= 80
    assert out.splitlines()[-1].startswith("1 streams, ")


@pytest.mark.data
def test_gaps_of_real_days_are_obspys(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    source = shared_data("continuous_day")
    archive = Archive(tmp_path)
    import_files(archive, wanted_files([source]))
    archive.close()
    rows = {str(row.source_id): row for row in stats(tmp_path)}
    assert rows
    for name, row in rows.items():
        stream = obspy.Stream()
        for path in sorted(tmp_path.glob(f"2*/*/*/*/{name}.D.*")):
            stream += obspy.read(str(path), headonly=True)
        gaps = [gap for gap in stream.get_gaps() if gap[6] > 0]
        assert row.n_gaps == len(gaps)
        assert row.gap_s == pytest.approx(sum(gap[6] for gap in gaps), abs=0.02 * max(1, len(gaps)))
        assert row.n_records > 0
        assert row.first_ns is not None
        assert row.first_ns / NS_PER_S == pytest.approx(min(t.stats.starttime.timestamp for t in stream), abs=1e-3)
