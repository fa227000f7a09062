"""Travel times against TauP, closed forms, and the rays that the tables are made of."""

from __future__ import annotations

import numpy as np
import pytest
from obspy.taup import TauPyModel

from detection.location.model import EARTH_RADIUS_KM, EarthModel
from detection.location.rays import Rays
from detection.location.traveltime import PHASES, TravelTimes, published
from houfeng.errors import ModelError

DISTANCES_KM = np.array([1.0, 5, 20, 50, 120, 190, 300, 700, 1500, 2200, 2600, 4000, 8000, 10_000])


@pytest.mark.parametrize("name", ["ak135", "iasp91"])
@pytest.mark.parametrize("phase", PHASES)
def test_first_arrivals_are_those_of_taup(name: str, phase: str) -> None:
    depths_km = np.array([0.0, 3.3, 10, 33, 35, 150, 410, 600])
    rays = Rays(EarthModel.published(name), phase, depths_km)
    taup = TauPyModel(name)
    for source, depth_km in enumerate(depths_km):
        time_s, slowness = rays.first(source, DISTANCES_KM)
        for distance_km, ours_s, ours_slowness in zip(DISTANCES_KM, time_s, slowness, strict=True):
            theirs = taup.get_travel_times(depth_km, np.degrees(distance_km / EARTH_RADIUS_KM), [phase.lower(), phase])
            if not theirs:
                continue
            # TauP's mantle is linear between its depths, ours a power of the radius
            assert ours_s == pytest.approx(theirs[0].time, abs=0.001 if distance_km < 1000 and depth_km < 50 else 0.025)
            if distance_km not in (20.0, 120.0):  # where another wave takes over
                assert ours_slowness == pytest.approx(theirs[0].ray_param / EARTH_RADIUS_KM, abs=2e-3)


@pytest.mark.parametrize(("phase", "v1", "v2"), [("P", 5.0, 8.0), ("S", 3.0, 4.6)])
def test_direct_and_head_wave_of_a_layer_over_a_half_space(phase: str, v1: float, v2: float) -> None:
    model = EarthModel.layered("two layers", [(0, 5.0, 3.0), (20, 8.0, 4.6)])
    x = np.array([0.0, 2, 10, 30, 60, 90, 120, 150])
    time_s, _ = Rays(model, phase, np.array([5.0])).first(0, x)
    direct = np.hypot(x, 5.0) / v1
    # from 5 km down to 20 km and up to the surface again
    head = x * (1 - 20 / EARTH_RADIUS_KM) / v2 + (15 + 20) * np.sqrt(v1**-2 - v2**-2)
    critical = (15 + 20) / np.sqrt((v2 / v1) ** 2 - 1)
    expected = np.where(x > critical, np.minimum(direct, head), direct)
    assert np.abs(time_s - expected).max() < 0.03  # what 150 km of a round Earth make


def test_a_slow_layer_casts_a_shadow_and_delays() -> None:
    slow = EarthModel.layered("slow", [(0, 6.0, 3.5), (10, 4.0, 2.3), (20, 6.5, 3.8)])
    plain = EarthModel.layered("plain", [(0, 6.0, 3.5), (20, 6.5, 3.8)])
    x = np.arange(1.0, 400, 1)
    slow_s, _ = Rays(slow, "P", np.array([15.0])).first(0, x)
    plain_s, _ = Rays(plain, "P", np.array([15.0])).first(0, x)
    assert (slow_s[np.isfinite(slow_s)] >= plain_s[np.isfinite(slow_s)] - 1e-9).all()
    straight_up = 5 / 4.0 + 10 / 6.0
    assert Rays(slow, "P", np.array([15.0])).first(0, np.array([0.0]))[0][0] == pytest.approx(straight_up, abs=1e-6)
    # from the surface, waves that dip below 10 km come out far away: in between only those that stay above
    surface_s, _ = Rays(slow, "P", np.array([0.0])).first(0, x)
    assert surface_s[99] == pytest.approx(100 / 6.0, abs=0.03)


@pytest.mark.parametrize(("phase", "limit_s"), [("P", 0.11), ("S", 0.25)])
def test_the_table_follows_the_rays(phase: str, limit_s: float) -> None:
    times = published("ak135")
    rng = np.random.default_rng(1)
    x = np.sort(np.concatenate((rng.uniform(0, 30, 200), rng.uniform(30, 1500, 400), rng.uniform(1500, 10_500, 200))))
    depths_km = np.array([0.5, 1.5, 5.5, 9.7, 13.2, 33.7, 61.0, 153.0, 407.0])
    rays = Rays(times.model, phase, depths_km)
    index = np.array(PHASES.index(phase))
    for source, depth_km in enumerate(depths_km):
        ray_s, _ = rays.first(source, x)
        table_s = times(index, np.array(depth_km), x, np.array(0.0)).time_s
        off_s = np.abs(table_s - ray_s)
        assert np.nanmax(off_s) < limit_s
        if (
            depth_km < 400
        ):  # what travels along the jump in velocity at 410 km comes from between two depths of the table
            assert np.nanpercentile(off_s[x < 1500], 99) < 0.03


def test_slopes_are_those_of_the_times() -> None:
    times = published("iasp91")
    x, depth = np.array([7.3, 55.5, 612.0, 5003.0]), np.array([4.3, 12.2, 31.3, 88.0])
    phase, zero = np.array([0, 1, 0, 1]), np.array(0.0)
    at = times(phase, depth, x, zero)
    step = 1e-3
    along = (times(phase, depth, x + step, zero).time_s - times(phase, depth, x - step, zero).time_s) / (2 * step)
    down = (times(phase, depth + step, x, zero).time_s - times(phase, depth - step, x, zero).time_s) / (2 * step)
    assert at.per_km == pytest.approx(along, rel=1e-5)
    assert at.per_depth_km == pytest.approx(down, rel=1e-5)


def test_a_station_on_a_mountain_hears_later() -> None:
    times = published("ak135")
    up = times(np.array(0), np.array(10.0), np.array([0.0, 5000.0]), np.array(3.0)).time_s
    plain = times(np.array(0), np.array(10.0), np.array([0.0, 5000.0]), np.array(0.0)).time_s
    assert up - plain == pytest.approx([3 / 5.8, 3 / 5.8], rel=0.12)
    assert (up - plain)[0] == pytest.approx(3 / 5.8, rel=1e-6)


def test_where_no_p_wave_comes_there_is_no_time() -> None:
    times = published("ak135")
    late = times(np.array(0), np.array(10.0), np.array([10_900.0, 12_000.0]), np.array(0.0)).time_s
    assert np.isfinite(late[0])
    assert np.isnan(late[1])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "none came"),
        ([(1.0, 5, 3)], "begin at 0 km"),
        ([(0, 5, 3), (0, 6, 3.5)], "increase"),
        ([(0, 5, 5.5)], "at 0 km 0 < S < P <= 15 km/s is needed, S 5.5 and P 5 came"),
        ([(0, 5, 3), (10, 20, 8)], "at 10 km"),
    ],
)
def test_layers_that_make_no_sense_are_refused(layers: list[tuple[float, float, float]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        EarthModel.layered("mine", layers)


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(ModelError, match="one of ak135, iasp91 is needed, 'prem' came"):
        EarthModel.published("prem")


def test_a_table_is_made_in_moments() -> None:
    layers = [(0.0, 5.5, 3.2), (12.0, 6.2, 3.6), (45.0, 8.1, 4.5)]
    times = TravelTimes(EarthModel.layered("Tien Shan", layers))
    assert times(np.array(0), np.array(0.0), np.array(11.0), np.array(0.0)).time_s == pytest.approx(2.0, abs=1e-3)
