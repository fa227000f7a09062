"""Two configurations are compared key by key, and members by their names."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import pytest

from acquisition.fdsn.settings import FdsnSettings
from acquisition.settings import SeedLinkAccessSettings, SeedLinkSettings
from configs import Settings, difference
from database.settings import DatabaseSettings
from stations.settings import SiteSettings

GEOFON = SeedLinkSettings("geofon", "geofon.gfz.de:18000", ("CK.*.*.HH?",))
IRIS = SeedLinkSettings("iris", "rtserve.earthscope.org:18000", ("II.*.*.BH?",))
NRN = SiteSettings("KR.NRN", 41.4, 76.0)


def texts(old: Settings, new: Settings) -> list[str]:
    return [change.text for change in difference(old, new)]


def test_equal_settings_have_no_difference() -> None:
    full = Settings(seedlink=(GEOFON, IRIS), station=(NRN,), fdsn=(FdsnSettings("GFZ"),))
    assert difference(full, replace(full)) == []
    assert difference(full, replace(full, seedlink=(IRIS, GEOFON))) == [], "the order of servers decides nothing"


def test_a_value_is_named_by_its_dotted_key() -> None:
    old = Settings()
    new = replace(
        old, archive=replace(old.archive, path="b"), detection=replace(old.detection, channels=("A.B.*.?HZ",))
    )
    assert texts(old, new) == [
        'archive.path: "archive" -> "b"',
        'detection.channels: ["*.*.*.?HZ", "*.*.*.?NZ"] -> ["A.B.*.?HZ"]',
    ]
    first = difference(old, new)[0]
    assert (first.kind, first.old, first.new) == ("changed", "archive", "b")


def test_members_are_told_apart_by_name() -> None:
    old = Settings(seedlink=(IRIS, GEOFON), station=(NRN,), fdsn=(FdsnSettings("GFZ"),))
    new = Settings(
        seedlink=(replace(GEOFON, silent_s=300.0, tls=True), replace(IRIS, name="earthscope")),
        station=(replace(NRN, latitude_deg=None, longitude_deg=None),),
        fdsn=(FdsnSettings("GFZ", tries=2),),
    )
    assert texts(old, new) == [
        "seedlink[iris] removed",
        "seedlink[geofon].tls: false -> true",
        "seedlink[geofon].silent_s: 600.0 -> 300.0",
        "seedlink[earthscope] added",
        "fdsn[GFZ].tries: 4 -> 2",
        "station[KR.NRN].latitude_deg: 41.4 -> unset",
        "station[KR.NRN].longitude_deg: 76.0 -> unset",
    ]
    gone, *_, come = difference(old, replace(new, station=(), fdsn=()))[:4]
    assert (gone.old, gone.new) == (IRIS, None)
    assert (come.old, come.new) == (None, replace(IRIS, name="earthscope"))


def test_members_without_a_name_are_numbered() -> None:
    one, two = (SeedLinkAccessSettings((f"{net}.*",), ("192.0.2.7",)) for net in ("KR", "KZ"))
    bare = Settings()
    served = replace(bare, seedlink_server=replace(bare.seedlink_server, access=(one,)))
    both = replace(bare, seedlink_server=replace(bare.seedlink_server, access=(two, one)))
    assert texts(bare, served) == ["seedlink_server.access[1] added"]
    assert texts(served, both) == [
        'seedlink_server.access[1].stations: ["KR.*"] -> ["KZ.*"]',
        "seedlink_server.access[2] added",
    ]


@pytest.mark.parametrize("url", ["postgresql://u:{}@h/d", "postgresql://u@h/d?password={}&sslmode=require"])
def test_a_password_is_never_printed(url: str) -> None:
    old, new = (Settings(database=DatabaseSettings(url.format(word))) for word in ("hunter2", "hunter3"))
    (text,) = texts(old, new)
    assert "hunter" not in text
    assert text.endswith("(only the password differs)")


KEYS = [
    f"{table.name}.{field.name}"
    for table in fields(Settings)
    if is_dataclass(room := getattr(Settings(), table.name))
    for field in fields(room)
    if field.name != "access"
]


@pytest.mark.parametrize("key", KEYS)
def test_no_key_is_overlooked(key: str) -> None:
    """Every single key, changed alone, is the one difference found."""
    old = Settings()
    table, _, name = key.partition(".")
    room = getattr(old, table)
    changed = replace(room)
    # past the rooms' own checks: any other value will do
    object.__setattr__(changed, name, "something else")
    assert [change.key for change in difference(old, replace(old, **{table: changed}))] == [key]
