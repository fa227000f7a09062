"""The network's value and the preferred kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import trim_mean

from detection.magnitude.network import network_magnitudes, trimmed_mean
from detection.magnitude.settings import MagnitudeSettings
from houfeng.types import StationMagnitude


def stations(kind: str, *values: float, is_used: bool = True) -> list[StationMagnitude]:
    return [
        StationMagnitude(
            f"XX.S{n}", kind, "HHZ", value, 0.0, 1.0, "nm", None, 50.0, 9.0, is_used, "" if is_used else "no"
        )
        for n, value in enumerate(values)
    ]


@given(st.sampled_from([8, 16, 24]).flatmap(lambda n: st.lists(st.floats(-2, 9), min_size=n, max_size=n)))
def test_where_whole_values_are_trimmed_scipy_agrees(values: list[float]) -> None:
    assert trimmed_mean(values) == pytest.approx(trim_mean(values, 0.125))


def test_fractions_of_values_are_trimmed() -> None:
    assert trimmed_mean([1.0, 2.0, 9.0]) == 4.0
    # of four half of either outer one is left: (0.5 * 0 + 1 + 2 + 0.5 * 9) / 3
    assert trimmed_mean([9.0, 1.0, 2.0, 0.0]) == pytest.approx(7.5 / 3)


def test_scatter_is_of_all_values_and_few_stations_are_flagged() -> None:
    (one,) = network_magnitudes(stations("ML", 3.0), MagnitudeSettings())
    assert (one.value, one.scatter, one.n_stations, one.remark) == (3.0, None, 1, "stations: 1, 3 needed")
    (three,) = network_magnitudes(stations("ML", 3.0, 3.2, 3.4), MagnitudeSettings())
    assert three.scatter == pytest.approx(0.2)
    assert (three.method, three.remark) == ("mean", "")


def test_what_is_not_used_counts_for_nothing() -> None:
    told = stations("ML", 3.0, 3.2, 3.4) + stations("ML", 9.0, is_used=False)
    assert network_magnitudes(told, MagnitudeSettings()) == network_magnitudes(told[:3], MagnitudeSettings())
    assert network_magnitudes(told[3:], MagnitudeSettings()) == ()


def kinds(told: list[StationMagnitude], settings: MagnitudeSettings | None = None) -> list[str]:
    return [each.kind for each in network_magnitudes(told, settings or MagnitudeSettings())]


def test_the_preferred_kind() -> None:
    ml, md, mb = stations("ML", 3, 3, 3), stations("Md", 2, 2, 2), stations("mb", 4, 4, 4)
    assert kinds(md + mb + ml) == ["ML", "mb", "Md"]
    assert kinds(md + ml[:2]) == ["Md", "ML"]
    assert kinds(md[:1] + ml[:2]) == ["ML", "Md"]
    assert kinds(stations("Mwp", 7, 7, 7) + mb) == ["Mw(Mwp)", "mb", "Mwp"]
    # a small Mwp is mostly noise
    assert kinds(stations("Mwp", 5, 5, 5) + mb) == ["mb", "Mw(Mwp)", "Mwp"]


def test_long_waves_of_a_small_shock_are_noise() -> None:
    """A synthetic ML 4.3 had an Mw(Mwp) of 6.2 from stations whose records had just begun; slow earthquakes keep it."""
    mwp = stations("Mwp", 6.3, 6.3, 6.3)
    small = network_magnitudes(mwp + stations("ML", 4.2, 4.2, 4.3), MagnitudeSettings())
    assert [each.kind for each in small] == ["ML", "Mw(Mwp)", "Mwp"]
    assert {each.remark for each in small[1:]} == {"ML is 4.2, 5 needed"}
    assert kinds(mwp + stations("ML", 5.0, 5.0, 5.0)) == ["Mw(Mwp)", "ML", "Mwp"]
    # an ML that is flagged itself says nothing against it
    assert kinds(mwp + stations("ML", 4.2, 4.2)) == ["Mw(Mwp)", "ML", "Mwp"]


def test_stations_that_differ_are_flagged_and_not_preferred() -> None:
    ml, md = stations("ML", 2.0, 3.0, 4.0), stations("Md", 3.0, 3.1, 3.2)
    assert kinds(ml + md) == ["Md", "ML"]
    (alone,) = network_magnitudes(ml, MagnitudeSettings())
    assert alone.remark == "scatter 1.0, at most 0.6 wanted"


def test_magnitudes_of_an_event_whose_place_is_not_known_are_flagged() -> None:
    told = stations("ML", 7.7, 7.7, 7.8)
    (near,) = network_magnitudes(told, MagnitudeSettings(), error_km=50.0)
    (far,) = network_magnitudes(told, MagnitudeSettings(), error_km=331.0)
    assert (near.remark, far.remark) == ("", "epicentre ± 331 km")


def test_mw_is_made_of_mwp_and_k_of_the_preferred() -> None:
    settings = MagnitudeSettings(kinds=("ML", "Mwp", "K"))
    found = {each.kind: each for each in network_magnitudes(stations("Mwp", 6.9, 7.0, 7.1), settings)}
    assert found["Mw(Mwp)"].value == pytest.approx(1.186 * 7.0 - 1.222)
    assert found["Mw(Mwp)"].scatter == pytest.approx(0.1186)
    of_ml = {each.kind: each for each in network_magnitudes(stations("ML", 2.9, 3.0, 3.1), settings)}
    assert of_ml["K"].value == pytest.approx(9.4)
    assert of_ml["K"].scatter == pytest.approx(0.18)
    assert of_ml["K"].method == "from ML"
    assert "not confirmed" in of_ml["K"].remark
    assert "K" not in kinds(stations("ML", 3.0))


def noisy(*values: float) -> list[StationMagnitude]:
    """Stations whose signal, noise included, would give these."""
    return [
        replace(each, station_id=f"XX.N{n}", snr=0.7) for n, each in enumerate(stations("ML", *values, is_used=False))
    ]


@pytest.mark.parametrize(
    ("bounds", "remark"),
    [
        ((4.1, 4.2), "stations too noisy to be used that saw less: 2"),
        ((4.1,), ""),  # one may be wrong
        ((4.9, 5.2, 6.0), ""),  # within the scatter, or above: noise hides nothing less
    ],
)
def test_stations_that_are_too_noisy_say_how_large_it_was_at_most(bounds: tuple[float, ...], remark: str) -> None:
    used = stations("ML", 5.0, 5.2, 5.1)
    (ml,) = network_magnitudes([*used, *noisy(*bounds)], MagnitudeSettings())
    assert ml.value == pytest.approx(5.1)
    assert ml.remark == remark
