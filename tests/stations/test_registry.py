"""Configuration over StationXML, and settings that refuse nonsense by name."""

from __future__ import annotations

from typing import Any

import pytest
from obspy.geodetics import gps2dist_azimuth

from houfeng.errors import ConfigError
from stations.distance import distance_km
from stations.inventory import Inventory, Site
from stations.registry import register
from stations.settings import HealthSettings, InventorySettings, SiteSettings

ULN = Site("IU.ULN", 47.8651, 107.0532, 1610.0, "Ulaanbaatar, Mongolia")


def test_the_configuration_overrides_what_it_says_and_no_more() -> None:
    registry = register(
        [SiteSettings("IU.ULN", name="Улаанбаатар", country="MN", usage="evaluation"),
         SiteSettings("XX.NEW", 1.0, 2.0, 3.0)],
        Inventory({"IU.ULN": ULN, "IU.MDJ": Site("IU.MDJ", 44.6, 129.6, 270.0)}),
    )  # fmt: skip
    assert list(registry.sites) == ["IU.MDJ", "IU.ULN", "XX.NEW"]
    assert registry.sites["IU.ULN"] == Site("IU.ULN", 47.8651, 107.0532, 1610.0, "Улаанбаатар", "MN")
    assert registry.sites["XX.NEW"] == Site("XX.NEW", 1.0, 2.0, 3.0)
    assert registry.usages == {"IU.ULN": "evaluation", "XX.NEW": "full"}
    assert registry.warnings == ()


def test_a_conflict_beyond_a_kilometre_is_told() -> None:
    near = register([SiteSettings("IU.ULN", 47.870, 107.0532)], Inventory({"IU.ULN": ULN}))
    far = register([SiteSettings("IU.ULN", 47.880, 107.0532)], Inventory({"IU.ULN": ULN}))
    assert near.warnings == ()
    (warning,) = far.warnings
    assert warning.startswith("IU.ULN: ") and "1.7 km apart" in warning
    assert far.sites["IU.ULN"].latitude_deg == 47.880


def test_a_station_without_a_place_and_a_second_entry_are_told() -> None:
    registry = register([SiteSettings("XX.A"), SiteSettings("XX.A", usage="off")], Inventory({}))
    assert registry.sites == {} and registry.usages == {"XX.A": "off"}
    assert [warning.split(": ")[1][:24] for warning in registry.warnings] == [
        "has no coordinates in th", "configured more than onc", "has no coordinates in th",
    ]  # fmt: skip


@pytest.mark.parametrize(("lat", "lon"), [(47.8, 107.1), (-33.4, -70.6), (0.0, -179.9), (89.9, 10.0)])
def test_distances_agree_with_the_ellipsoid(lat: float, lon: float) -> None:
    other = Site("XX.B", lat, lon, 0.0)
    expected_km = gps2dist_azimuth(ULN.latitude_deg, ULN.longitude_deg, lat, lon)[0] / 1000
    assert distance_km(ULN, other) == pytest.approx(expected_km, rel=6e-3)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (SiteSettings, {"code": "BWUH1"}, "station.code: NETWORK.STATION such as BW.UH1 is needed, 'BWUH1' came"),
        (SiteSettings, {"code": "bw.uh1"}, "station.code"),
        (SiteSettings, {"code": "A.B", "latitude_deg": 1.0}, "both or neither"),
        (SiteSettings, {"code": "A.B", "latitude_deg": 91.0, "longitude_deg": 0.0}, "station[A.B].latitude_deg"),
        (SiteSettings, {"code": "A.B", "elevation_m": 1e6}, "elevation_m: -11000 to 9000 is needed, 1000000.0 came"),
        (SiteSettings, {"code": "A.B", "country": "Mongolia"}, "country: two capital letters"),
        (SiteSettings, {"code": "A.B", "usage": "on"}, "usage: one of full, evaluation"),
        (InventorySettings, {"files": ("a.xml", " ")}, "inventory.files"),
        (HealthSettings, {"total_latency_warn_s": -1.0}, "latency_warn_s: a number above 0 is needed, -1.0 came"),
        (HealthSettings, {"future_bad_s": float("nan")}, "health.future_bad_s"),
        (HealthSettings, {"leave_s": "600"}, "health.leave_s"),
        (HealthSettings, {"total_latency_warn_s": 300.0}, "health.total_latency_bad_s: at least"),
        (HealthSettings, {"availability_bad_percent": 99.0}, "health.availability_warn_percent"),
        (HealthSettings, {"timing_quality_warn_percent": 101.0}, "at most 100 %"),
        (HealthSettings, {"enter_evaluations": 0}, "health.enter_evaluations"),
    ],
)  # fmt: skip
def test_a_wrong_setting_names_key_need_and_value(kind: Any, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        kind(**values)
    assert message in str(caught.value)


def test_defaults_are_those_of_the_rule_table() -> None:
    s = HealthSettings()
    assert (s.total_latency_warn_s, s.total_latency_bad_s) == (60, 120)
    assert (s.feed_latency_warn_s, s.feed_latency_bad_s) == (120, 600)
    assert (s.gaps_warn_per_hour, s.gaps_bad_per_hour, s.overlaps_warn_per_hour) == (1, 12, 1)
    assert (s.availability_warn_percent, s.availability_bad_percent) == (98, 90)
    assert (s.timing_quality_warn_percent, s.timing_quality_bad_percent) == (70, 50)
    assert (s.mean_warn_counts, s.pegged_mean_counts, s.pegged_rms_counts) == (5e5, 6e6, 1000)
    assert (s.enter_evaluations, s.leave_evaluations, s.leave_s) == (2, 3, 600)
