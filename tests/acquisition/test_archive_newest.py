"""Where to go on when only the archive knows."""

from __future__ import annotations

import os
from pathlib import Path

from acquisition.archive import Archive
from acquisition.archive_newest import newest
from acquisition.mseed import decode
from acquisition.records import pack
from acquisition.seedlink import by_time
from acquisition.seedlink.resume import RESUME_MARGIN_NS, Decision, Holdings, StationRange, decide, plan
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId

NOW_NS = parse_ns("2026-01-02T00:30:00")
DAY_S = 86_400


def archive_of(root: Path, *records: tuple[str, float]) -> None:
    """A second of each of these streams that ends so many seconds before now."""
    archive = Archive(root)
    for stream, before_s in records:
        start_ns = NOW_NS - round((before_s + 1) * NS_PER_S)
        archive.append([decode(raw) for raw in pack(SourceId.parse(stream), start_ns, 20.0, list(range(20)))])
    archive.close()
    for path in root.rglob("*.D.*"):
        os.utime(path, ns=(NOW_NS, NOW_NS))


def found(root: Path, network: str = "XX") -> dict[str, float]:
    ends_ns = newest(root, lambda source_id: source_id.network == network)
    return {station: (NOW_NS - end_ns) / NS_PER_S for station, end_ns in ends_ns.items()}


def test_the_slowest_channel_that_is_still_there_decides(tmp_path: Path) -> None:
    archive_of(
        tmp_path,
        *(("XX.A..HHZ", 10), ("XX.A..HHN", 300), ("XX.A..LOG", 2 * 3600)),
        *(("XX.A..HHN", 4000), ("XX.A..HHN", 900)),  # came late, behind a newer one
        *(("XX.B..HHZ", 3600), ("XX.C..HHZ", 3 * DAY_S), ("XX.D..HHZ", 20 * DAY_S), ("YY.E..HHZ", 5)),
    )
    assert found(tmp_path) == {"XX.A": 300, "XX.B": 3600, "XX.C": 3 * DAY_S, "XX.D": 20 * DAY_S}
    assert found(tmp_path, "YY") == {"YY.E": 5}
    assert found(tmp_path / "absent") == {}


def test_a_clock_that_is_ahead_and_bytes_that_are_no_record_decide_nothing(tmp_path: Path) -> None:
    archive_of(tmp_path, ("XX.A..HHZ", 60), ("XX.A..HHZ", -600), ("XX.B..HHZ", -600))
    for path in tmp_path.rglob("*.D.2026.002"):
        path.write_bytes(b"\xff" * 70_000 + path.read_bytes()[:700])
        os.utime(path, ns=(NOW_NS, NOW_NS))
    assert found(tmp_path) == {"XX.A": 60}


def test_an_archive_of_any_age_tells_where_to_go_on(tmp_path: Path) -> None:
    """Also one whose stations ended in different years, and where a clock once wrote days ahead."""
    archive_of(
        tmp_path,
        *(("XX.A..HHZ", 9 * 365 * DAY_S), ("XX.A..HHZ", -20 * 3600)),
        *(("XX.B..HHZ", 400 * DAY_S), ("XX.B..HHN", 400 * DAY_S + 60), ("XX.B..HHE", 900 * DAY_S)),
    )
    assert found(tmp_path) == {"XX.A": 9 * 365 * DAY_S, "XX.B": 400 * DAY_S + 60}


def test_names_that_are_no_day_files_are_passed_over(tmp_path: Path) -> None:
    archive_of(tmp_path, ("XX.A..HHZ", 60))
    (folder,) = tmp_path.glob("2026/XX/A/HHZ.D")
    for name in ("zz", "XX.A..HHZ.D.2026.999.sha256", "XX.Z..HHZ.D.2026.002"):
        (folder / name).write_bytes(b"x")
    (folder / "XX.A..HHZ.D.2026.365").mkdir()
    assert found(tmp_path) == {"XX.A": 60}


def test_a_place_without_a_number_is_asked_for_by_its_time() -> None:
    cursor = by_time(NOW_NS)
    for version in (3, 4):
        for held in (StationRange(1, 2**24 - 1), StationRange(None, None), None):
            server = Holdings(version, {} if held is None else {"XX_A": held})
            assert decide(cursor, held, server, NOW_NS) is Decision.RESET
    ((request,),) = plan({"XX_A": ["HHZ"]}, {"XX.A": cursor}, Holdings(4, {}), now_ns=NOW_NS)
    assert request.since_ns == NOW_NS - RESUME_MARGIN_NS
