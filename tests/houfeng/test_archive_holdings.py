"""`houfeng archive gaps|spans|index`, and the commands that write to an archive and let the database know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acquisition.backfill import BOOK_NAME
from acquisition.fdsn import book
from acquisition.records import pack
from houfeng.cli import main
from houfeng.times import NS_PER_S, now_ns, parse_ns
from houfeng.types import Gap, SourceId

T0_NS = parse_ns("2026-03-01T12:00:00")
A, B = SourceId("XX", "A", "", "HHZ"), SourceId("XX", "B", "00", "HHN")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "houfeng.toml"
    path.write_text("")
    return path


def call(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(config)])


def listed(config: Path, what: str, *arguments: str) -> list[dict[str, Any]]:
    result = call(config, "archive", what, *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)[what]
    return rows


def file_of(folder: Path, *records: tuple[SourceId, int, float]) -> Path:
    """A miniSEED file with a second of each of these streams, so many seconds after T0, at a rate."""
    path = folder / "records.mseed"
    path.write_bytes(
        b"".join(
            raw
            for source_id, second, rate_hz in records
            for raw in pack(source_id, T0_NS + second * NS_PER_S, rate_hz, [n % 7 for n in range(round(rate_hz))])
        )
    )
    return path


def test_import_and_repair_let_the_database_know(config: Path, tmp_path: Path) -> None:
    assert call(config, "archive", "index").output == "0 day files were read for what they hold\n"
    records = file_of(tmp_path, (A, 0, 100.0), (A, 1, 100.0), (A, 60, 100.0), (B, 0, 20.0), (B, 1, 40.0))
    assert call(config, "archive", "import", str(records)).exit_code == 0
    (gap,) = listed(config, "gaps")
    assert (gap["stream"], gap["start"], gap["end"], gap["length_s"], gap["state"], gap["tries"]) == (
        "XX.A..HHZ",
        "2026-03-01T12:00:02.000000Z",
        "2026-03-01T12:01:00.000000Z",
        58.0,
        "open",
        0,
    )
    assert [(row["stream"], row["length_s"], row["sample_rate_hz"]) for row in listed(config, "spans")] == [
        ("XX.A..HHZ", 1.0, 100.0),
        ("XX.A..HHZ", 2.0, 100.0),
        ("XX.B.00.HHN", 1.0, 40.0),
        ("XX.B.00.HHN", 1.0, 20.0),
    ]
    (path,) = (tmp_path / "archive").rglob("XX.A*.D.2026.060")
    path.write_bytes(path.read_bytes()[:512] + b"foreign" + path.read_bytes()[512:1024])
    assert call(config, "archive", "repair").exit_code == 0
    assert listed(config, "gaps") == []
    assert [row["length_s"] for row in listed(config, "spans", "XX.A.*.*")] == [2.0]


def test_gaps_tell_what_became_of_back_filling(config: Path, tmp_path: Path) -> None:
    call(config, "archive", "index")
    seconds = [0, 10, 20, 30]
    call(config, "archive", "import", str(file_of(tmp_path, *((A, second, 100.0) for second in seconds))))
    hour_ns = 3600 * NS_PER_S
    absences = [
        book.Absence(Gap(A, T0_NS + first * NS_PER_S, T0_NS + (first + 2) * NS_PER_S), tries, next_ns, "no data")
        for first, tries, next_ns in ((12, 2, now_ns() + hour_ns), (21, 5, now_ns() - hour_ns), (25, 1, now_ns()))
    ]
    book.save(tmp_path / "archive" / BOOK_NAME, "http://centre", absences)
    call(config, "archive", "index")
    rows = listed(config, "gaps")
    assert [(row["start"][17:19], row["state"], row["tries"], row["reason"]) for row in rows] == [
        ("21", "due", 5, "http://centre: no data"),
        ("11", "waiting", 2, "http://centre: no data"),
        ("01", "open", 0, ""),
    ]
    assert rows[2]["next_try"] is None
    assert rows[1]["next_try"] > rows[0]["next_try"]
    assert listed(config, "gaps", "--since", "2026-03-01T12:00:25", "--until", "2026-03-01T12:00:29") == rows[:1]
    assert listed(config, "gaps", "--limit", "2") == rows[:2]
    assert listed(config, "gaps", "YY.*.*.*") == []
    assert "2026-03-01 12:00:21.00" in call(config, "archive", "gaps").output


def test_a_database_that_is_not_there(config: Path, tmp_path: Path) -> None:
    records = file_of(tmp_path, (A, 0, 100.0))
    assert call(config, "archive", "import", str(records)).exit_code == 0
    assert not (tmp_path / "houfeng.db").exists()
    for what in ("gaps", "spans"):
        result = call(config, "archive", what)
        assert result.exit_code == 2
        assert "there is no database yet; `houfeng run` and `houfeng archive index` make it" in result.output
    (tmp_path / "houfeng.db").write_text("notes" * 1000)
    result = call(config, "archive", "import", str(records))
    assert result.exit_code == 0
    assert "file is not a database" in result.output
    assert "`houfeng archive index`, or the daemon's next start, lists the new data" in result.output


def test_another_archive_is_not_the_databases(config: Path, tmp_path: Path) -> None:
    call(config, "archive", "index")
    records = file_of(tmp_path, (A, 0, 100.0))
    assert call(config, "archive", "import", str(records), "--into", str(tmp_path / "other")).exit_code == 0
    assert listed(config, "spans") == []
