"""Back-fill: gaps found on the disk, closed by samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.backfill import BOOK_NAME, Backfill, Filled, gaps_in
from acquisition.fdsn.availability import listed
from acquisition.fdsn.book import Absence, load, remember, save
from acquisition.fdsn.held import Coverage
from acquisition.fdsn.rules import Missing, Reply
from acquisition.fdsn.settings import FdsnSettings
from acquisition.records import pack
from houfeng.errors import ArchiveError
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import Gap, Packet, SourceId
from tests.acquisition.fdsn_server import FdsnServer, Handler, cut_without_length, page, serving, status

S = NS_PER_S
HHZ = SourceId("XX", "AAA", "00", "HHZ")
# the records cross midnight: two day files each
START_NS = 1_700_006_100 * S
END_NS = START_NS + 600 * S
WHOLE = [Gap(SourceId("XX", "AAA", "00", channel), START_NS, END_NS) for channel in ("HHE", "HHZ")]


@pytest.fixture(scope="module")
def records() -> list[Packet]:
    noise = np.random.default_rng(3).normal(0, 300, 60_000).astype(np.int32)
    return [mseed.decode(raw) for gap in WHOLE for raw in pack(gap.source_id, START_NS, 100.0, noise)]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(tmp_path / "archive")
    yield opened
    opened.close()


def fill(server: FdsnServer, archive: Archive, wanted: list[Gap]) -> Filled:
    settings = FdsnSettings(server.address, retry_min_s=0.01, retry_max_s=0.02)
    return Backfill(settings, archive.root, archive.quarantine).fill(archive, wanted)


def archived(archive: Archive) -> list[bytes]:
    archive.sync()
    files = sorted(path for path in archive.root.rglob("*.D.*") if path.is_file())
    return sorted(r.raw for f in files for r in mseed.split(f.read_bytes(), lambda *damage: pytest.fail(str(damage))))


def raws(records: list[Packet]) -> list[bytes]:
    return sorted(packet.raw for packet in records)


def test_an_empty_archive_is_filled_with_the_servers_own_bytes(records: list[Packet], archive: Archive) -> None:
    with serving(records) as server:
        filled = fill(server, archive, WHOLE)
    assert archived(archive) == raws(records)
    assert (filled.came_s, filled.present_s, filled.missing, filled.waiting) == (1200.0, 0.0, (), ())
    assert (filled.n_records, filled.n_bytes) == (len(records), 512 * len(records))
    assert gaps_in(Coverage(archive.root), WHOLE) == []


def test_only_what_is_missing_is_asked_for(records: list[Packet], archive: Archive) -> None:
    kept = [r for r in records if r.source_id != HHZ or not START_NS + 200 * S < r.start_ns < START_NS + 300 * S]
    archive.append(kept)
    archive.sync()
    with serving(records) as server:
        filled = fill(server, archive, WHOLE)
        lines = [line for body in server.bodies for line in body.splitlines()]
    assert {line.split()[3] for line in lines} == {"HHZ"}
    assert archived(archive) == raws(records)
    assert 90 < filled.came_s < 110 and filled.present_s + filled.came_s == pytest.approx(1200)


def test_a_second_call_asks_for_nothing(records: list[Packet], archive: Archive) -> None:
    with serving(records) as server:
        fill(server, archive, WHOLE)
        n_requests = len(server.bodies)
        filled = fill(server, archive, WHOLE)
        assert len(server.bodies) == n_requests
    assert (filled.n_requests, filled.present_s, filled.came_s) == (0, 1200.0, 0.0)


def test_a_truncated_200_leaves_no_gap(records: list[Packet], archive: Archive) -> None:
    with serving(records, [cut_without_length(0.24)]) as server:
        assert fill(server, archive, WHOLE).missing == ()
    assert archived(archive) == raws(records)


def test_absent_data_are_not_asked_for_again_until_due(records: list[Packet], archive: Archive) -> None:
    with serving([r for r in records if r.source_id != HHZ]) as server:
        first = fill(server, archive, WHOLE)
        n_requests = len(server.bodies)
        second = fill(server, archive, WHOLE)
        assert len(server.bodies) == n_requests
    assert [(lost.gap, lost.absent) for lost in first.missing] == [(WHOLE[1], True)]
    assert second.missing == ()
    assert [(each.gap, each.tries) for each in second.waiting] == [(WHOLE[1], 1)]


def test_data_that_turn_up_later_close_the_gap_and_are_forgotten(records: list[Packet], archive: Archive) -> None:
    book = archive.root / BOOK_NAME
    with serving(records) as server:
        save(book, server.address, [Absence(WHOLE[1], 3, 0, "was absent")])
        assert fill(server, archive, WHOLE).missing == ()
        assert load(book, server.address) == ()


def test_a_server_that_failed_is_due_sooner_than_one_that_has_no_data(records: list[Packet], archive: Archive) -> None:
    with serving(records, [page] * 100) as server:
        filled = fill(server, archive, WHOLE[:1])
        (known,) = load(archive.root / BOOK_NAME, server.address)
    assert not filled.missing[0].absent
    assert known.next_try_ns < remember([], [], [Missing(WHOLE[0], "", True)], known.next_try_ns)[0].next_try_ns


def test_an_interruption_keeps_what_came(records: list[Packet], archive: Archive) -> None:
    class EndedError(Exception):
        pass

    def interrupt(seconds: float) -> None:
        if seconds > 0:
            raise EndedError

    with serving(records) as server:
        settings = FdsnSettings(server.address, request_channel_hours=1 / 60)
        with pytest.raises(EndedError):
            Backfill(settings, archive.root, archive.quarantine, progress=interrupt).fill(archive, WHOLE)
        assert 0 < len(archived(archive)) < len(records)
        assert load(archive.root / BOOK_NAME, server.address) == ()
        assert fill(server, archive, WHOLE).missing == ()
    assert archived(archive) == raws(records)


def test_data_that_the_server_lists_and_does_not_send_are_not_absent(records: list[Packet], archive: Archive) -> None:
    latest = format_ns(END_NS - S // 100)

    def table(handler: Handler, body: bytes) -> None:
        text = "#Network Station Location Channel Quality SampleRate Earliest Latest\n"
        text += f"XX AAA 00 HHZ D 100.0 {format_ns(START_NS)} {latest}\n"
        handler.send(200, text.encode())

    with serving([r for r in records if r.source_id != HHZ]) as server:
        server.others["availability"] = table
        (lost,) = fill(server, archive, WHOLE).missing
    assert lost.gap == WHOLE[1] and not lost.absent and "lists these data" in lost.reason


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404),
        Reply(200, b"<html>no such service</html>"),
        Reply(200, b""),
        Reply(200, b"#Network Station Location Channel Earliest Latest\nXX AAA 00 HHZ yesterday today\n"),
        Reply(200, b"#Network Station Location Channel Earliest Latest\nXX AAA", "broke off"),
    ],
)
def test_an_answer_that_is_no_table_lists_nothing(reply: Reply) -> None:
    assert listed(reply) == []


def test_a_disk_that_refuses_is_reported(records: list[Packet], archive: Archive) -> None:
    (archive.root / "2023").write_text("a file where a folder should be")
    with serving(records) as server, pytest.raises(ArchiveError):
        fill(server, archive, WHOLE)


def test_a_server_that_answers_with_errors_costs_few_requests(records: list[Packet], archive: Archive) -> None:
    with serving(records, [status(500)] * 1000) as server:
        fill(server, archive, WHOLE)
        assert len(server.bodies) == 4


def test_coverage_follows_a_file_that_grows_and_one_that_is_replaced(records: list[Packet], tmp_path: Path) -> None:
    """Half a record at the end is under way to the disk: what comes behind it must be read with it."""
    mine = [r for r in records if r.source_id == HHZ and r.start_ns < START_NS + 200 * S]
    content = b"".join(r.raw for r in mine)
    path = day_path(tmp_path, HHZ, START_NS)
    path.parent.mkdir(parents=True)
    coverage = Coverage(tmp_path)

    def end_ns() -> int:
        (span,) = coverage.spans(WHOLE[1])
        assert span.start_ns == START_NS
        return span.end_ns

    for n_bytes in (512 * 3, 512 * 5 + 100, 512 * 5 + 300, 512 * 6, len(content)):
        with path.open("ab") as file:
            file.write(content[file.tell() : n_bytes])
        assert end_ns() == mine[n_bytes // 512 - 1].next_ns
    repaired = path.with_name("repaired")
    repaired.write_bytes(content[:1024])
    repaired.replace(path)
    assert end_ns() == mine[1].next_ns
