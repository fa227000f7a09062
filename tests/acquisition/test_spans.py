"""Spans of samples: against sets of sample numbers, in any order and however they were merged before."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.archive import Archive, day_path
from acquisition.archive_spans import Mark, read_on
from acquisition.mseed import decode
from acquisition.records import pack
from acquisition.spans import merged
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId, Span

STEP_NS = {100.0: 10_000_000, 20.0: 50_000_000}
T0_NS = parse_ns("2026-03-01")
HHZ = SourceId("XX", "TEST", "00", "HHZ")

# First sample, number of samples, and how far the clock is off, as a part of an interval: under a quarter, so that two
# neighbours are never half an interval apart.
records = st.lists(
    st.tuples(
        st.sampled_from(sorted(STEP_NS)),
        st.integers(0, 60),
        st.integers(1, 12),
        st.sampled_from((-0.24, -0.1, 0.0, 0.1, 0.24)),
    ),
    max_size=14,
)


def span_of(rate_hz: float, first: int, n: int, off: float) -> Span:
    step_ns = STEP_NS[rate_hz]
    start_ns = T0_NS + first * step_ns + round(off * step_ns)
    return Span(start_ns, start_ns + n * step_ns, rate_hz)


@settings(max_examples=300, deadline=None)
@given(records, st.integers(0, 2**32))
def test_spans_are_runs_of_sample_numbers(drawn: list[tuple[float, int, int, float]], seed: int) -> None:
    spans = [span_of(*each) for each in drawn]
    expected: list[tuple[float, int, int]] = []
    for rate_hz in STEP_NS:
        held = {number for rate, first, n, _ in drawn if rate == rate_hz for number in range(first, first + n)}
        begins = sorted(number for number in held if number - 1 not in held)
        ends = sorted(number + 1 for number in held if number + 1 not in held)
        expected += [(rate_hz, begin, end) for begin, end in zip(begins, ends, strict=True)]
    found = merged(spans)
    numbers = [
        (s.sample_rate_hz, round((s.start_ns - T0_NS) / STEP_NS[s[2]]), round((s.end_ns - T0_NS) / STEP_NS[s[2]]))
        for s in found
    ]
    assert sorted(numbers) == sorted(expected)
    chance = random.Random(seed)
    chance.shuffle(spans)
    cut = chance.randint(0, len(spans))
    assert merged([*merged(spans[:cut]), *merged(spans[cut:])]) == found


def test_half_an_interval_is_a_hole_and_less_is_none() -> None:
    first, half_ns = Span(0, 1_000_000_000, 100.0), 5_000_000
    assert len(merged([first, Span(first.end_ns + half_ns, 3 * NS_PER_S, 100.0)])) == 2
    assert len(merged([first, Span(first.end_ns + half_ns - 1, 3 * NS_PER_S, 100.0)])) == 1


def noise(first_s: int, seconds: int = 1, rate_hz: float = 100.0) -> list[bytes]:
    samples = [(7919 * n) % 1000 for n in range(round(seconds * rate_hz))]
    return pack(HHZ, T0_NS + first_s * NS_PER_S, rate_hz, samples)


def test_a_file_is_read_on_and_anew_where_it_is_another(tmp_path: Path) -> None:
    path = day_path(tmp_path, HHZ, T0_NS)
    path.parent.mkdir(parents=True)
    first, second, third = noise(0)[0], noise(1)[0], noise(5)[0]

    def read(mark: Mark | None) -> tuple[Mark, list[tuple[int, int]], bool]:
        reading = read_on(tmp_path, path, HHZ, mark)
        assert reading is not None
        seconds = [((s.start_ns - T0_NS) // NS_PER_S, (s.end_ns - T0_NS) // NS_PER_S) for s in reading.spans]
        return reading.mark, seconds, reading.is_whole

    assert read_on(tmp_path, path, HHZ, None) is None
    path.write_bytes(first + second[:100])
    mark, spans, is_whole = read(None)
    assert (mark.n_bytes, mark.size_bytes, spans, is_whole) == (512, 612, [(0, 1)], True)
    with path.open("ab") as file:
        file.write(second[100:])
    mark, spans, is_whole = read(mark)
    assert (mark.n_bytes, spans, is_whole) == (1024, [(1, 2)], False)
    assert mark.is_of(path.stat())
    # The power failed, the last record is gone, and two others came: as long as before, and longer.
    for behind in ([third], [third, second]):
        path.write_bytes(first)
        with path.open("ab") as file:
            file.writelines(behind)
        _, spans, is_whole = read(mark)
        assert is_whole
        assert spans == ([(0, 1), (5, 6)] if len(behind) == 1 else [(0, 2), (5, 6)])
    path.write_bytes(first)
    assert read(mark)[1:] == ([(0, 1)], True)
    replacement = path.with_name("other")  # as repair writes it
    replacement.write_bytes(first + second + third)
    replacement.replace(path)
    assert read(mark)[1:] == ([(0, 2), (5, 6)], True)


def test_what_is_not_this_stream_on_this_day_does_not_count(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.append([decode(noise(0)[0])])
    archive.close()
    path = day_path(tmp_path, HHZ, T0_NS)
    other = pack(SourceId("XX", "TEST", "00", "HHN"), T0_NS + 2 * NS_PER_S, 100.0, [1] * 100)
    with path.open("ab") as file:
        file.writelines([*noise(86_400 + 5), *other, b"no record" * 30, *noise(3)])
    reading = read_on(tmp_path, path, HHZ, None)
    assert reading is not None
    assert [(span.start_ns - T0_NS) // NS_PER_S for span in reading.spans] == [0, 3]
