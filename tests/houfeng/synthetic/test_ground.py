"""What is simulated is what was ordered: noise between Peterson's models, amplitudes of a magnitude, waves on time."""

from __future__ import annotations

import numpy as np
import obspy
import pytest
from obspy.signal import PPSD
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm
from obspy.taup import TauPyModel

from houfeng.errors import ConfigError
from houfeng.synthetic import ground
from houfeng.synthetic.settings import SimulationSettings
from houfeng.synthetic.truth import Shock, arrivals_s, shocks
from houfeng.times import NS_PER_S, parse_ns
from stations.inventory import Site

START_NS = parse_ns("2026-01-01")
SITES = [
    Site("KR.NRN", 41.4222, 75.9789, 2120.0),
    Site("II.AAK", 42.639, 74.494, 1645.0),
    Site("KN.TKM2", 42.9208, 75.5966, 2020.0),
]
QUIET = {"n_events": 0, "bursts_per_hour": 0.0, "gaps_per_hour": 0.0}


def test_noise_lies_where_it_was_ordered_as_obspy_measures_it() -> None:
    settings = SimulationSettings(START_NS, hours=1.5, noise=0.5, rate_hz=20.0, **QUIET)  # type: ignore[arg-type]
    moved = ground.motion(settings, SITES[0], 0, [])
    trace = obspy.Trace(moved.counts[0].astype(np.float64), {"sampling_rate": 20.0, "network": "SY", "station": "NRN"})
    metadata = {
        "gain": 1.0,
        "poles": list(ground.POLES),
        "zeros": list(ground.ZEROS),
        "sensitivity": ground.COUNTS_PER_M_S,
    }
    ppsd = PPSD(trace.stats, metadata)
    ppsd.add(trace)
    period_s, density_db = ppsd.get_mean()
    within = (period_s > 0.2) & (period_s < 60)
    for model, sign in ((get_nlnm, 1), (get_nhnm, -1)):
        model_s, model_db = model()
        order = np.argsort(model_s)
        limit_db = np.interp(np.log10(period_s[within]), np.log10(model_s[order]), model_db[order])
        assert ((density_db[within] - limit_db) * sign).min() > 0
    low, high = (np.interp(-1.0, -model()[0], model()[1]) for model in (get_nlnm, get_nhnm))
    at_1_s = np.interp(1.0, period_s, density_db)
    assert (at_1_s - low) / (high - low) == pytest.approx(0.5, abs=0.15)


def test_waves_arrive_when_taup_has_them() -> None:
    shock = Shock(START_NS + 100 * NS_PER_S, 42.0, 75.0, 10.0, 3.0)
    at_s = arrivals_s([shock], SITES[1], START_NS)
    degrees = obspy.geodetics.locations2degrees(42.0, 75.0, SITES[1].latitude_deg, SITES[1].longitude_deg)
    for phase, names in enumerate((["p", "P"], ["s", "S"])):
        rays = TauPyModel("ak135").get_travel_times(10.0, degrees, names)
        # TauP's stations stand at sea level
        assert at_s[phase, 0] - 100 == pytest.approx(min(ray.time for ray in rays), abs=0.6)


def test_an_amplitude_is_that_of_its_magnitude() -> None:
    """Hutton & Boore: ML 3 is 1 mm at 100 km on a seismograph of gain 2080; sites scatter by 0.1."""
    settings = SimulationSettings(START_NS, hours=0.2, **QUIET)  # type: ignore[arg-type]
    shock = Shock(START_NS + 60 * NS_PER_S, SITES[0].latitude_deg + 0.895, SITES[0].longitude_deg, 10.0, 3.0)
    logs = []
    for seed in range(20):
        moved = ground.velocities(settings, SITES[0], [shock], 36_000, np.random.default_rng(seed))
        trace = obspy.Trace(moved[1], {"sampling_rate": 50.0}).integrate()
        trace.simulate(
            paz_simulate={
                "poles": [7.854 * (-0.7 + 0.714j), 7.854 * (-0.7 - 0.714j)],
                "zeros": [0j, 0j, 0j],
                "gain": 1.0,
                "sensitivity": 1.0,
            },
            paz_remove={"poles": [], "zeros": [0j], "gain": 1.0, "sensitivity": 1.0},
            zero_mean=False,
            taper=False,
        )
        logs.append(np.log10(np.abs(trace.data).max() * 2080 * 1000))
    assert np.mean(logs) == pytest.approx(0.0, abs=0.1)


def test_sizes_follow_gutenberg_and_richter() -> None:
    settings = SimulationSettings(START_NS, hours=24, n_events=4000, smallest=1.0, largest=5.0)
    found = shocks(settings, SITES)
    sizes = np.array([each.magnitude for each in found])
    b_value = np.log10(np.e) / (sizes.mean() - 1.0)  # Aki 1965; the upper end takes 0.01 of the mean
    assert b_value == pytest.approx(1.0, abs=0.05)
    assert found == sorted(found, key=lambda each: each.time_ns)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"hours": 25.0}, "hours: 24 or less"),
        ({"hours": 0.05}, "hours: more than 0.066"),
        ({"rate_hz": 10.0}, "rate_hz: 20 to 200 Hz"),
        ({"noise": 1.5}, "noise: 0"),
        ({"smallest": 5.0}, "largest: more than smallest"),
        ({"seed": -1}, "seed: 0 or more"),
    ],
)
def test_orders_that_make_no_sense(keys: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SimulationSettings(START_NS, **keys)  # type: ignore[arg-type]
