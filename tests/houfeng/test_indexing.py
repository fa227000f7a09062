"""The database says what the archive holds: after any history the same as a database made anew, and as ObsPy."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from acquisition.archive import Archive, day_path
from acquisition.archive_import import import_files
from acquisition.archive_repair import repair
from acquisition.archive_stats import stats
from acquisition.backfill import BOOK_NAME
from acquisition.fdsn import book
from acquisition.mseed import decode
from acquisition.records import pack
from database import holdings, tables
from database.store import Store
from houfeng.errors import SourceError
from houfeng.indexing import ArchiveIndex
from houfeng.times import NS_PER_S, from_utcdatetime, parse_ns
from houfeng.types import Gap, Packet, SourceId

OBSPY = Path(obspy.__file__).parent
# Ten seconds before midnight: the records below lie in two days, and in two years.
T0_NS = parse_ns("2025-12-31T23:59:50")
STREAMS = [SourceId("XX", "A", "", "HHZ"), SourceId("XX", "A", "10", "HHZ"), SourceId("XX", "B", "", "HHN")]

Rows = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


def rows(store: Store) -> Rows:
    """All spans, and how far the files were read."""
    with store.read() as snapshot:
        spans = sorted(tuple(row) for row in snapshot.execute(select(tables.span)))
        files = sorted(tuple(row) for row in snapshot.execute(select(tables.archive_file)))
    return spans, files


def made_anew(root: Path, folder: Path) -> Rows:
    """What a new database says of an archive."""
    store = Store.open(f"sqlite:///{folder}/anew.db")
    ArchiveIndex(root, store).update()
    found = rows(store)
    store.close()
    (folder / "anew.db").unlink()
    return found


def packet(stream: int, second: int, rate_hz: float = 100.0) -> Packet:
    samples = [(7919 * n + stream) % 1000 for n in range(round(rate_hz))]
    (raw,) = pack(STREAMS[stream], T0_NS + second * NS_PER_S, rate_hz, samples)
    return decode(raw)


def append(root: Path, packets: Iterable[Packet]) -> None:
    archive = Archive(root)
    archive.append(packets)
    archive.close()


@pytest.mark.parametrize("name", ["core/tests/data/ffbx_unrotated_gaps.mseed", "io/mseed/tests/data/gaps.mseed"])
def test_gaps_are_those_of_obspy(name: str, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    import_files(archive, [OBSPY / name])
    archive.close()
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    ArchiveIndex(tmp_path / "archive", store).update()
    stream = obspy.read(OBSPY / name, headonly=True)
    expected = sorted(
        (".".join(gap[:4]), from_utcdatetime(gap[5]) - round(gap[6] * NS_PER_S), from_utcdatetime(gap[5]))
        for gap in stream.get_gaps()
    )
    with store.read() as snapshot:
        found = sorted((str(gap.source_id), gap.start_ns, gap.end_ns) for gap in holdings.gaps(snapshot))
    store.close()
    assert len(found) == len(expected) > 2
    for (stream_id, start_ns, end_ns), (their_id, their_start_ns, their_end_ns) in zip(found, expected, strict=True):
        assert (stream_id, end_ns) == (their_id, their_end_ns)
        assert abs(start_ns - their_start_ns) < 1000  # they count in floating-point seconds


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=12)),
        st.tuples(st.just("slower"), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=3)),
        st.tuples(st.sampled_from(("update", "restart", "repair", "copy by hand", "remove")), st.just([])),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(steps)
def test_any_history_ends_where_a_new_database_begins(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, list[tuple[int, int]]]]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    root = folder / "archive"
    root.mkdir()
    store = Store.open(f"sqlite:///{folder}/houfeng.db")
    index = ArchiveIndex(root, store)
    for what, drawn in history:
        paths = sorted(root.glob("2*/**/*.D.*"))
        if what in ("append", "slower"):
            packets = [packet(*each, 100.0 if what == "append" else 50.0) for each in drawn]
            append(root, packets)
            index.touch(packets)
        elif what == "update":
            index.update()
        elif what == "restart":
            index = ArchiveIndex(root, store)
        elif what == "repair":
            for path in paths:
                path.write_bytes(path.read_bytes()[300:] + b"torn")
            repair(root)
            index.compare_again()
        elif paths:
            shutil.copy(paths[0], folder / "copy")
            paths[0].unlink()
            if what == "copy by hand":
                shutil.copy(folder / "copy", paths[0])
            index.compare_again()
    index.update()
    assert rows(store) == made_anew(root, folder)
    with store.read() as snapshot:
        n_gaps = {str(row.source_id): row.n_gaps for row in stats(root) if row.n_gaps}
        counted = {str(gap.source_id): 0 for gap in holdings.gaps(snapshot)}
        for gap in holdings.gaps(snapshot):
            counted[str(gap.source_id)] += 1
    store.close()
    assert counted == n_gaps


def test_a_tail_that_was_lost_and_written_anew_is_seen(tmp_path: Path) -> None:
    """A power cut may cost what the disk had not stored; afterwards the file grows beyond what it was."""
    root, store = tmp_path / "archive", Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    append(root, [packet(0, 0), packet(0, 1), packet(0, 2)])
    index = ArchiveIndex(root, store)
    index.update()
    path = day_path(root, STREAMS[0], T0_NS)
    path.write_bytes(path.read_bytes()[:512])
    late = [packet(0, 5), packet(0, 6), packet(0, 7)]
    append(root, late)
    index.touch(late)
    index.update()
    assert rows(store) == made_anew(root, tmp_path)
    with store.read() as snapshot:
        assert holdings.gaps(snapshot) == [Gap(STREAMS[0], T0_NS + NS_PER_S, T0_NS + 5 * NS_PER_S)]
    store.close()


def test_two_that_read_the_same_files_do_not_undo_each_other(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    append(root, [packet(0, 0)])
    slow, quick = ArchiveIndex(root, store), ArchiveIndex(root, store)
    quick.update()
    key = (STREAMS[0], T0_NS // (86_400 * NS_PER_S) * 86_400 * NS_PER_S)
    stale = slow._read([key])
    append(root, later := [packet(0, 1)])
    quick.touch(later)
    quick.update()
    store.run(lambda unit: slow._save(unit, *stale))
    assert rows(store) == made_anew(root, tmp_path)
    store.close()


def test_reading_can_be_ended_and_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    append(root, (packet(stream, second) for stream in range(3) for second in range(0, 30, 5)))
    chance = random.Random(3)
    index = ArchiveIndex(root, store, go_on=lambda: chance.random() < 0.5)
    n_updates = 0
    while rows(store) != made_anew(root, tmp_path):
        index.update()
        n_updates += 1
    store.close()
    assert n_updates > 1


def test_the_book_of_absent_data_is_copied(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    index = ArchiveIndex(tmp_path, store)
    absence = book.Absence(Gap(STREAMS[0], T0_NS, T0_NS + NS_PER_S), 3, T0_NS + 7, "no data")
    for absences in ([], [absence], []):
        book.save(tmp_path / BOOK_NAME, "http://a", absences)
        index.update()
        with store.read() as snapshot:
            assert [row.gap for row in holdings.absences(snapshot)] == [each.gap for each in absences]
    (tmp_path / BOOK_NAME).write_text("[]")
    with pytest.raises(SourceError, match="not a list of absent data"):
        index.update()
    store.close()
