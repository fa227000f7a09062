"""Every reason that health can give is said in the page's language."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from stations.health import Metrics, State
from stations.health.measured import DayEvidence, HourEvidence, Measured, MeasuredRules
from stations.health.rules import Rulebook
from stations.health.words import recovering
from stations.settings import HealthSettings
from webui.reasons import translated

_NUMBER = r"\d[\d.]*"
_WORST = Metrics(
    total_latency_s=18780.0,
    feed_latency_s=700.0,
    data_latency_s=1.0,
    num_gaps=40,
    max_gap_s=9.0,
    num_overlaps=3,
    percent_availability_1h=74.3,
    percent_availability_24h=50.0,
    watched_s=86400.0,
    timing_quality=38.0,
    sample_rms=1e5,
    sample_mean=612345.0,
    flat=True,
    num_distinct=1,
    clipping=2.0,
)


def all_reasons() -> list[str]:
    """What the rules say of a channel where everything is wrong, and of one where nothing is known."""
    book = Rulebook(HealthSettings())
    verdicts = [
        *book.judge(_WORST, channel="BHZ", timing_seen=True, patience=1.0, future_s=100.0),
        *book.judge(Metrics(), channel="BHZ", timing_seen=True, patience=1.0, future_s=0.0),
        *book.judge(Metrics(watched_s=86400.0), channel="BHZ", timing_seen=True, patience=1.0, future_s=0.0),
    ]
    beyond = {name: (1.0, 0) for name in ("dead_channel_lin", "sample_unique", "sample_rms", "cross_talk")}
    beyond |= {"pct_above_nhnm": (95.5, 0), "pct_below_nlnm": (40.0, 0), "dead_channel_gsn": (12.0, 0)}
    measured = Measured(HourEvidence(0, 7, 100.0, 1.0, 7, 20.0), DayEvidence({**beyond, "polarity_check": (-0.8, 0)}))
    below = Measured(HourEvidence(0, 0, 1.0, 100.0, 7))
    late = Measured(HourEvidence(0), DayEvidence({}, 0, 1))
    for each, at_ns in ((measured, 0), (below, 0), (Measured(HourEvidence(0), DayEvidence()), 0), (late, 10**15)):
        verdicts += MeasuredRules(HealthSettings()).judge(each, channel="BHZ", began_ns=0, now_ns=at_ns)
    verdicts += MeasuredRules(HealthSettings()).judge(late, channel="BHZ", began_ns=10**15, now_ns=10**15)
    found = [verdict.reason(verdict.state) for verdict in verdicts if verdict.state is not State.OK]
    return sorted(set(found))


JUDGEMENTS = (
    *(
        "no place explains the onsets",
        "2 stations with known place < 3",
        "1 station with known place < 3",
        "3 stations",
    ),
    *("4 onsets < 6", "rms 0.60 s ≥ 0.5 s", "epicentre ± 2.6 km > 2.5 km", "depth ± 5.1 km > 5 km", "depth fixed"),
    *("gap 214° > 180°", "nearest station 62 km > 50 km", "nearest station 31° > 20°", "10 km deep"),
    *("apparent velocity 14 km/s", "onsets stand out best about 2.0 Hz", "in known blast area Taldybulak"),
    "fri 10:30 local time, hours 9 to 17",
)


@pytest.mark.parametrize("lang", ["zh", "ru"])
@pytest.mark.parametrize("reason", JUDGEMENTS)
def test_what_an_event_is_judged_by_is_translated(app: Flask, lang: str, reason: str) -> None:
    with app.test_request_context(f"/?lang={lang}"):
        said = translated(reason)
    assert said != reason
    figures = re.findall(r"\d[\d.:]*", reason.removeprefix("1 station with"))
    assert all(figure in said for figure in figures)
    assert not re.search("station|onset|deep|fixed|local", said)


@pytest.mark.parametrize("lang", ["zh", "ru"])
@pytest.mark.parametrize(
    "reason", ["Not evaluated for 130 s", "Evaluated 5 h 13 min ahead of the clock", "Not evaluated yet"]
)
def test_what_pages_add_is_translated_too(app: Flask, lang: str, reason: str) -> None:
    with app.test_request_context(f"/?lang={lang}"):
        assert not re.search(r"[A-Za-z]{4}", translated(reason))


@pytest.mark.parametrize("lang", ["zh", "ru"])
@pytest.mark.parametrize("reason", all_reasons())
def test_no_english_is_left(app: Flask, lang: str, reason: str) -> None:
    with app.test_request_context(f"/?lang={lang}"):
        texts = [reason, f"BHZ: {reason[:1].lower()}{reason[1:]}"]
        # what was never known cannot recover
        for text in [*texts, recovering(reason)] if "limit" in reason else texts:
            said = translated(text)
            # a count is a count in Chinese, too
            assert not re.search(r"[A-Za-z]{4}", said.removesuffix("counts") if lang == "zh" else said), said
            if not text.endswith("…"):
                assert sorted(re.findall(_NUMBER, said)) == sorted(re.findall(_NUMBER, text)), said


def test_english_stays_as_health_words_it(app: Flask) -> None:
    with app.test_request_context("/"):
        for reason in all_reasons():
            assert translated(reason) == reason


def test_an_unknown_reason_is_shown_as_it_is(app: Flask) -> None:
    with app.test_request_context("/?lang=ru"):
        assert translated("Mains power lost, limit 1 h") != ""
        assert translated("Mains power lost").startswith("Mains power lost")
