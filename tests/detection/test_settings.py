"""A setting that cannot work is refused by name, before any data come."""

from __future__ import annotations

from typing import Any

import pytest

from detection.plan import plan_for
from detection.settings import AssociationSettings, DetectionSettings, Form
from houfeng.errors import ConfigError, WindowError


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"channels": ()}, "channels"),
        ({"channels": ("*.*.HHZ",)}, "channels"),
        ({"channels": ("bw.*.*.HHZ",)}, "channels"),
        ({"bands": ()}, "bands"),
        ({"bands": ((3.0, 10.0), (0.0, 7.0))}, "bands"),
        ({"bands": ((7.0, 7.0),)}, "bands"),
        ({"bands": ((7.0, float("nan")),)}, "bands"),
        ({"bands": ((3.0, 10.0), (3.0, 10.0))}, "bands"),
        ({"sta_s": -0.5}, "sta_s"),
        ({"lta_s": 0.5}, "lta_s"),
        ({"off_ratio": 0.0}, "off_ratio"),
        ({"on_ratio": 1.5}, "on_ratio"),
        ({"on_ratio": 20.0}, "on_ratio"),  # STA/LTA cannot exceed 10 s / 0.5 s
        ({"rearm_amplitude": 1.0}, "rearm_amplitude"),
        ({"rearm_s": 0.0}, "rearm_s"),
        ({"hold_off_s": -1.0}, "hold_off_s"),
        ({"keep_lta_s": float("inf")}, "keep_lta_s"),
        ({"flat_s": 0.0}, "flat_s"),
        ({"onset_before_s": 0.0}, "onset_before_s"),
        ({"onset_after_s": 0.5}, "onset_after_s"),
        ({"block_s": 0.0}, "block_s"),
    ],
)
def test_detection_settings_that_cannot_work(wrong: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=f"^{key}: .*needed, .* came$"):
        DetectionSettings(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_stations": 1},
        {"threshold": 0.0},
        {"tolerance_s": -1.0},
        {"unlocated_window_s": 0.0},
        {"coda_s": -1.0},
        {"coda_snr": 0.0},
        {"memory_s": 0.0},
    ],
)
def test_association_settings_that_cannot_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"^{next(iter(wrong))}: .*needed, .* came$"):
        AssociationSettings(**wrong)


def test_a_slower_channel_gets_the_part_of_the_band_it_has() -> None:
    settings = DetectionSettings(bands=((5.0, 20.0),))
    assert plan_for(settings, 100.0).bands[0].name == "5-20 Hz"
    assert plan_for(settings, 40.0).bands[0].name == "5-18 Hz"


@pytest.mark.parametrize("rate_hz", [0.1, 1.0, 20.0, 22.0])
def test_less_than_an_octave_is_refused_with_the_rate_that_would_do(rate_hz: float) -> None:
    settings = DetectionSettings(bands=((5.0, 20.0),))
    with pytest.raises(WindowError, match=rf"{rate_hz:g} Hz is too slow.*22.2222 Hz"):
        plan_for(settings, rate_hz)


def test_a_band_narrower_than_an_octave_is_served_whole_or_not_at_all() -> None:
    settings = DetectionSettings(bands=((10.0, 15.0),))
    assert plan_for(settings, 40.0).bands[0].name == "10-15 Hz"
    with pytest.raises(WindowError):
        plan_for(settings, 32.0)


def test_a_channel_goes_without_the_bands_that_its_rate_does_not_have() -> None:
    settings = DetectionSettings(bands=((8.0, 25.0), (3.0, 10.0), (1.0, 4.0)))
    served = {rate_hz: [band.name for band in plan_for(settings, rate_hz).bands] for rate_hz in (100.0, 40.0, 20.0)}
    assert served[100.0] == ["1-4 Hz", "3-10 Hz", "8-25 Hz"]
    assert served[40.0] == ["1-4 Hz", "3-10 Hz", "8-18 Hz"]
    assert served[20.0] == ["1-4 Hz", "3-9 Hz"]


def test_only_forms_that_are_bounded_have_a_largest_ratio() -> None:
    assert DetectionSettings().highest_ratio == 20
    for form in (Form.SEISCOMP, Form.Z_DETECT):
        assert DetectionSettings(form=form, on_ratio=25.0).highest_ratio > 25


def test_a_window_of_one_sample_is_refused() -> None:
    settings = DetectionSettings(bands=((1.0, 4.0),), sta_s=0.1)
    with pytest.raises(WindowError, match="sta_s"):
        plan_for(settings, 10.0)
