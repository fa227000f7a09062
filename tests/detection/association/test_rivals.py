"""A shock whose picks an event in a wrong place would take, with a first onset of noise that is none of the shock's."""

from __future__ import annotations

from houfeng.times import seconds_ns
from tests.detection.association.synthetic import T0_NS, network_day
from tests.detection.association.test_synthetic_day import SITES, TIMES, events_of


def test_a_shock_is_not_lost_to_an_event_that_begins_earlier_with_noise() -> None:
    shocks, picks = network_day(SITES, TIMES, seed=46, false_per_hour=30)
    shock = next(shock for shock in shocks if abs(shock.time_s - 14027.4) < 0.1)
    since_ns, until_ns = (T0_NS + seconds_ns(shock.time_s + each) for each in (-2160, 300))
    events, _ = events_of([pick for pick in picks if since_ns <= pick.onset_ns <= until_ns], SITES)
    shares = [len(shock.picks & {pick.public_id for pick in event.picks}) / len(event.picks) for event in events]
    assert max(shares) > 0.5
