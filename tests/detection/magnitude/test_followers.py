"""A larger event that follows is not taken for this one, and a large event is not taken for two."""

from __future__ import annotations

import numpy as np
import pytest

from detection.magnitude.followers import before_follower
from detection.magnitude.magnitudes import Magnitudes
from detection.magnitude.records import Record, cut
from detection.magnitude.settings import MagnitudeSettings
from detection.magnitude.station import sights, window
from houfeng.times import parse_ns
from houfeng.types import SourceId
from tests.detection.magnitude.conftest import Ridgecrest, make_event, make_origin

RATE_HZ = 100.0


def shocks(*onsets: tuple[float, float]) -> Record:
    """Noise of 1 count, and decaying bursts: their time in seconds after P and their height. P is at 25 s."""
    rng = np.random.default_rng(3)
    t_s = np.arange(0, 60, 1 / RATE_HZ)
    samples = rng.normal(size=len(t_s))
    for onset_s, height in onsets:
        after_s = t_s - 25 - onset_s
        samples += np.where(after_s >= 0, height * np.exp(-after_s / 4), 0) * rng.normal(size=len(t_s))
    return Record(samples, RATE_HZ, 500, 500, 2450, 5500)


def test_a_larger_shock_ends_the_record() -> None:
    whole = shocks((0, 100), (4, 300), (15, 5000))
    quiet = shocks((0, 100), (4, 300))
    found, beside = before_follower([whole, quiet], 4.0)
    assert beside.n_end == found.n_end
    end_s = found.n_end / RATE_HZ - 25
    assert 13.5 <= end_s <= 15
    assert np.array_equal(found.samples, whole.samples[: len(found.samples)])
    assert len(found.samples) - found.n_fade_out == found.n_end


@pytest.mark.parametrize("onsets", [((0, 100), (4, 900)), ((0, 100), (4, 300), (15, 600)), ((0, 5000), (15, 5000)), ()])
def test_s_waves_and_shocks_of_the_same_size_do_not(onsets: tuple[tuple[float, float], ...]) -> None:
    whole = shocks(*onsets)
    assert before_follower([whole], 4.0) == [whole]


def test_a_record_that_ends_with_s_is_left_as_it_is() -> None:
    whole = shocks((0, 100))
    short = Record(whole.samples[:2700], RATE_HZ, 500, 0, 2450, 2700)
    assert before_follower([short], 4.0) == [short]


def test_the_shock_10_s_before_the_main_shock_is_not_as_large(ridgecrest: Ridgecrest) -> None:
    """A small event, in no catalogue: its amplitudes are about 1/2000 of the main shock's, three units less than 7."""
    origin = make_origin(parse_ns("2019-07-06T03:19:41.5Z"), 35.739, -117.551, 4.0)
    sites = ridgecrest.inventory.sites.items()
    event = make_event(origin, {SourceId.parse(f"{station_id}..HNZ"): site for station_id, site in sites})
    measured = Magnitudes(MagnitudeSettings(kinds=("ML",)), ridgecrest.responses).measure(event, ridgecrest.waveforms)
    values = [each.value for each in measured.station_magnitudes if each.value is not None]
    assert len(values) >= 8
    assert max(values) < 5


def test_the_main_shock_is_one_event(ridgecrest: Ridgecrest) -> None:
    event, settings = ridgecrest.event("2019-07-06T03:19:53"), MagnitudeSettings()
    assert event.origin is not None
    for sight in sights(event, event.origin):
        (stretch,) = ridgecrest.waveforms[SourceId.parse(f"{sight.station_id}..HNE")]
        record = cut((stretch,), window(sight, "ML", settings), "ML")
        assert before_follower([record], sight.s_after_p_s) == [record]
