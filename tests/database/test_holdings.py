"""Spans and gaps on both back-ends, against sets of sample numbers."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.fdsn.coverage import missing
from acquisition.spans import merged
from database import holdings
from database.holdings import AbsenceRow, FileKey, FileMark
from database.store import Store
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Gap, SourceId, Span
from tests.database.conftest import Dump

DAY_NS = 86_400 * NS_PER_S
T0_NS = parse_ns("2026-03-01")
A, B = SourceId("XX", "A", "", "HHZ"), SourceId("XX", "B", "00", "HHZ")
MARK: FileMark = (512, 600, 2**64 - 1, 17, 2**32 - 1)

Files = dict[FileKey, tuple[FileMark, list[Span]] | None]

# By the hour, so that a few days have room for holes, spans over midnight and records that begin before it.
drawn_spans = st.lists(
    st.tuples(st.sampled_from((A, B)), st.integers(0, 80), st.integers(1, 30), st.sampled_from((1 / 3600, 1 / 1800))),
    max_size=20,
)


def files_of(spans: list[tuple[SourceId, Span]]) -> Files:
    """As an archive has them: each in the day it begins in."""
    files: dict[FileKey, list[Span]] = {}
    for source_id, span in spans:
        files.setdefault((source_id, span.start_ns // DAY_NS * DAY_NS), []).append(span)
    return {key: (MARK, merged(found)) for key, found in files.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn_spans, drawn_spans)
def test_queries_join_days_and_find_what_no_span_covers(
    store: Store,
    before: list[tuple[SourceId, int, int, float]],
    after: list[tuple[SourceId, int, int, float]],
) -> None:
    hour_ns = 3600 * NS_PER_S
    made = [
        [(s, Span(T0_NS + h * hour_ns, T0_NS + (h + n) * hour_ns, rate)) for s, h, n, rate in drawn]
        for drawn in (before, after)
    ]
    with store.begin() as unit:
        connection = unit.connection
        for spans in made:  # the second replaces what the first left behind
            present = holdings.marks(connection, [A, B], 0, 2**62)
            holdings.save(connection, dict.fromkeys(present) | files_of(spans))
        by_stream = {source_id: [span for other, span in made[1] if other == source_id] for source_id in (A, B)}
        found = holdings.spans(connection)
        assert {(row.source_id, row.span) for row in found} == {
            (source_id, span) for source_id, spans in by_stream.items() for span in merged(spans)
        }
        assert [row.span.end_ns for row in found] == sorted((row.span.end_ns for row in found), reverse=True)
        expected = [
            gap
            for source_id, spans in by_stream.items()
            if spans
            for gap in missing(Gap(source_id, min(spans).start_ns, max(span.end_ns for span in spans)), merged(spans))
        ]
        assert sorted(holdings.gaps(connection)) == sorted(expected)
        since_ns, until_ns = T0_NS + 30 * hour_ns, T0_NS + 50 * hour_ns
        assert sorted(holdings.gaps(connection, patterns=["XX.A.*"], since_ns=since_ns, until_ns=until_ns)) == sorted(
            gap for gap in expected if gap.source_id == A and gap.end_ns > since_ns and gap.start_ns < until_ns
        )
        assert len(holdings.spans(connection, since_ns=since_ns, until_ns=until_ns, limit=2)) <= 2


def test_files_come_back_as_they_were_saved(store: Store, dump: Callable[[Store], Dump]) -> None:
    key = (A, T0_NS)
    spans = [Span(T0_NS, T0_NS + 5, 100.0), Span(T0_NS + 9, T0_NS + 12, 20.0)]
    store.run(lambda unit: holdings.save(unit.connection, {key: (MARK, spans), (B, T0_NS): (MARK, [])}))
    with store.read() as snapshot:
        assert holdings.marks_of(snapshot, [key, (B, 0)]) == {key: MARK}
        assert holdings.spans_of(snapshot, [key, (B, T0_NS)]) == {key: spans}
        assert holdings.streams(snapshot) == [A, B]
        assert holdings.streams(snapshot, ["*.B.*", "YY.*"]) == [B]
        assert holdings.days(snapshot) == (T0_NS, T0_NS)
    before = dump(store)
    store.run(lambda unit: holdings.save(unit.connection, {key: (MARK, spans)}))
    assert dump(store) == before
    store.run(lambda unit: holdings.save(unit.connection, {key: None, (B, T0_NS): None}))
    assert [dump(store)[table] for table in ("archive_file", "span")] == [[], []]
    with store.read() as snapshot:
        assert holdings.days(snapshot) is None


def test_what_was_asked_for_in_vain_is_replaced_as_a_whole(store: Store) -> None:
    rows = [AbsenceRow("http://a", Gap(A, T0_NS + n, T0_NS + n + 1), n, T0_NS, "no data") for n in (1, 5)]
    for saved in (rows, rows[:1]):
        store.run(lambda unit, saved=saved: holdings.save_absences(unit.connection, saved))  # type: ignore[misc]
        with store.read() as snapshot:
            assert holdings.absences(snapshot) == saved
