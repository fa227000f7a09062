"""Coverage and decisions of the FDSN source: what is missing, what is asked for next."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.fdsn.coverage import join, missing, pieces, subtract, total_s
from acquisition.fdsn.rules import MAX_LINES, Job, Reply, backoff_s, decide, plan, split
from acquisition.fdsn.settings import FdsnSettings
from houfeng.errors import ConfigError
from houfeng.times import NS_PER_S
from houfeng.types import Gap, SourceId, Span

S = NS_PER_S
HHZ = SourceId("XX", "AAA", "00", "HHZ")
HHN = SourceId("XX", "AAA", "00", "HHN")
STEP = S // 100  # 100 Hz

# a busy computer makes examples slowly, which says nothing about the code
unhurried = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
small = st.integers(0, 60)
gaps = st.lists(
    st.tuples(st.sampled_from([HHZ, HHN]), small, small).map(lambda t: Gap(t[0], min(t[1:]), max(t[1:]))), max_size=8
)


def gap(start: float, end: float, source_id: SourceId = HHZ) -> Gap:
    return Gap(source_id, round(start * S), round(end * S))


def span(start: float, end: float) -> Span:
    return Span(round(start * S), round(end * S), 100.0)


def moments(some: list[Gap]) -> set[tuple[SourceId, int]]:
    return {(each.source_id, t) for each in some for t in range(each.start_ns, each.end_ns)}


@unhurried
@given(gaps, gaps)
def test_subtracting_leaves_exactly_the_other_moments(wanted: list[Gap], taken: list[Gap]) -> None:
    assert moments(subtract(wanted, taken)) == moments(wanted) - moments(taken)


@unhurried
@given(gaps)
def test_joining_keeps_every_moment_once(some: list[Gap]) -> None:
    joined = join(some)
    assert moments(joined) == moments(some)
    assert sum(each.length_ns for each in joined if each.length_ns) == len(moments(some))


@unhurried
@given(st.lists(st.tuples(small, small).map(lambda t: (min(t), max(t) + 1)), max_size=8), small, small)
def test_missing_agrees_with_counting_samples(spans: list[tuple[int, int]], a: int, b: int) -> None:
    wanted = Gap(HHZ, min(a, b) * STEP, max(a, b) * STEP)
    found = missing(wanted, [Span(start * STEP, end * STEP, 100.0) for start, end in spans])
    there = {n for start, end in spans for n in range(start, end)}
    absent = {n for n in range(min(a, b), max(a, b)) if n not in there}
    assert {n for hole in found for n in range(hole.start_ns // STEP, hole.end_ns // STEP)} == absent


def test_jitter_of_clocks_is_no_gap_and_one_lost_sample_is() -> None:
    assert missing(gap(0, 20), [span(0, 10.003), span(10, 20)]) == []
    assert missing(gap(0, 20), [span(0, 10), span(10.004, 20)]) == []
    assert missing(gap(0, 20), [span(0, 10), span(10.009, 20)]) == [gap(10, 10.009)]


def test_a_window_that_begins_between_two_samples_is_covered() -> None:
    assert missing(gap(0.0, 10), [span(0.0098, 10)]) == []
    assert missing(gap(0.0, 10), [span(0.0100, 10)]) == [gap(0, 0.01)]


def test_the_last_sample_of_a_window_counts() -> None:
    assert missing(gap(0, 10), [span(0, 9.99)]) == [gap(9.99, 10)]


@unhurried
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1000, 10**6))
def test_pieces_join_to_the_gap(start: int, length: int, longest: int) -> None:
    parts = list(pieces(Gap(HHZ, start, start + length), longest))
    assert join(parts) == [Gap(HHZ, start, start + length)]
    assert max(part.length_ns for part in parts) <= longest


def test_requests_are_bounded_in_channels_and_time() -> None:
    channels = [SourceId("XX", f"S{n:03d}", "", "HHZ") for n in range(500)]
    jobs = plan([gap(0, 3 * 3600, channel) for channel in channels], channel_hours=24)
    assert max(total_s(job.gaps) for job in jobs) <= 24 * 3600
    assert max(len(job.gaps) for job in jobs) <= MAX_LINES
    assert moments_total(jobs) == 500 * 3 * 3600
    assert len(jobs) == 63
    assert len(plan([gap(0, 60, channel) for channel in channels], channel_hours=24)) == 3


def moments_total(jobs: list[Job]) -> float:
    return sum(total_s(job.gaps) for job in jobs)


def test_a_gap_of_days_is_asked_for_in_parts_earliest_first() -> None:
    jobs = plan([gap(0, 3 * 86400)], channel_hours=24)
    assert [job.gaps for job in jobs] == [(gap(n * 86400, (n + 1) * 86400),) for n in range(3)]


def test_halving_ends_at_two_minutes() -> None:
    assert split((gap(0, 600),)) == ((gap(0, 300),), (gap(300, 600),))
    assert split((gap(0, 110),)) == ((gap(0, 110),),)


def decided(reply: Reply, left: tuple[Gap, ...], *, tries: int = 0, asked: tuple[Gap, ...] = (), is_data: bool = True):  # type: ignore[no-untyped-def]
    return decide(Job(asked or left, tries), reply, left, is_data=is_data, max_tries=4)


def test_samples_close_a_gap_whatever_the_status_says() -> None:
    assert decided(Reply(500, fault="broke off"), (), asked=(gap(0, 60),)).jobs == ()
    assert decided(Reply(500, fault="broke off"), (), asked=(gap(0, 60),)).missing == ()


def test_a_status_without_samples_closes_nothing() -> None:
    decision = decided(Reply(200, b"..."), (gap(0, 60),))
    assert decision.jobs == (Job((gap(0, 60),), 1),)
    assert decision.missing == ()


def test_what_a_whole_answer_left_out_twice_is_absent() -> None:
    (lost,) = decided(Reply(200, b"..."), (gap(0, 60),), tries=1).missing
    assert lost.absent


def test_a_broken_off_answer_is_asked_for_in_halves() -> None:
    decision = decided(Reply(200, b"...", "broke off"), (gap(300, 900),), asked=(gap(0, 900),))
    assert [job.gaps for job in decision.jobs] == [(gap(300, 600),), (gap(600, 900),)]
    assert not decision.failed


@pytest.mark.parametrize("status", [204, 404])
def test_no_data_is_believed_at_once(status: int) -> None:
    (lost,) = decided(Reply(status), (gap(0, 60),)).missing
    assert lost.absent and str(status) in lost.reason


def test_too_large_is_halved_until_it_cannot_be() -> None:
    assert len(decided(Reply(413), (gap(0, 60), gap(0, 60, HHN))).jobs) == 2
    assert len(decided(Reply(413), (gap(0, 600),)).jobs) == 2
    (lost,) = decided(Reply(413, b"Too much"), (gap(0, 100),)).missing
    assert not lost.absent and "Too much" in lost.reason


def test_one_restricted_channel_does_not_cost_the_others() -> None:
    decision = decided(Reply(403), (gap(0, 60), gap(0, 60, HHN)))
    assert [job.gaps for job in decision.jobs] == [(gap(0, 60),), (gap(0, 60, HHN),)]
    (lost,) = decided(Reply(403), (gap(0, 60),)).missing
    assert not lost.absent


@pytest.mark.parametrize("reply", [Reply(503), Reply(429), Reply(500), Reply(0, fault="refused"), Reply(502)])
def test_a_server_that_is_not_well_is_asked_again_with_an_end(reply: Reply) -> None:
    decision = decided(reply, (gap(0, 60),), tries=2)
    assert decision.jobs == (Job((gap(0, 60),), 3),) and decision.failed
    (lost,) = decided(reply, (gap(0, 60),), tries=3).missing
    assert not lost.absent


def test_the_pause_doubles_up_to_its_limit_and_half_of_it_is_chance() -> None:
    assert [backoff_s(n, 2, 30, 1.0) for n in range(1, 7)] == [2, 4, 8, 16, 30, 30]
    assert backoff_s(3, 2, 30, 0.0) == 4
    assert backoff_s(10_000, 2, 30, 1.0) == 30


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"address": ""}, "fdsn.address: https://HOST"),
        ({"tries": 0}, r"fdsn\[GFZ\].tries: more than 0"),
        ({"deadline_s": -1.0}, r"fdsn\[GFZ\].deadline_s: more than 0 s is needed, -1 came"),
    ],
)
def test_settings_without_sense_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        FdsnSettings(**{"address": "GFZ"} | changes)  # type: ignore[arg-type]
