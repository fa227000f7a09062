"""How a station is used at a time: what an operator said counts until it ends."""

from __future__ import annotations

import pytest

from houfeng.errors import RegistryError
from stations.usage import CONFIGURED, UsageChange, changed, usage_at

H = 3600 * 10**9


def say(before: UsageChange | None, level: str, at: int, until: int | None = None) -> UsageChange:
    return changed(before, level, at, until_ns=until, by="li", why="battery")


def levels(change: UsageChange | None, *times: int) -> list[str]:
    return [usage_at("full", change, t_ns).level for t_ns in times]


def test_maintenance_ends_by_itself() -> None:
    change = say(None, "maintenance", H, until=3 * H)
    assert levels(change, H, 3 * H - 1, 3 * H) == ["maintenance", "maintenance", "full"]
    during, after = usage_at("full", change, 2 * H), usage_at("full", change, 3 * H)
    assert (during.since_ns, during.until_ns, during.by, during.why) == (H, 3 * H, "li", "battery")
    assert (after.since_ns, after.until_ns, after.by, after.why) == (3 * H, None, "", "")


def test_what_held_before_comes_back() -> None:
    evaluation = say(None, "evaluation", H)
    maintenance = say(evaluation, "maintenance", 2 * H, until=4 * H)
    longer = say(maintenance, "maintenance", 3 * H, until=6 * H)
    assert levels(maintenance, 3 * H, 4 * H) == ["maintenance", "evaluation"]
    assert levels(longer, 5 * H, 6 * H) == ["maintenance", "evaluation"]


def test_a_shorter_maintenance_takes_the_place_of_a_longer_one() -> None:
    longer = say(None, "maintenance", H, until=20 * H)
    shorter = say(longer, "maintenance", 2 * H, until=3 * H)
    assert levels(shorter, 2 * H, 3 * H, 10 * H) == ["maintenance", "full", "full"]


def test_a_station_is_given_back_to_the_configuration() -> None:
    off = say(None, "off", H)
    assert levels(off, H, 1000 * H) == ["off", "off"]
    back = say(off, CONFIGURED, 2 * H)
    assert usage_at("evaluation", back, 3 * H).level == "evaluation"
    assert usage_at("evaluation", None, 3 * H).level == "evaluation"


def test_without_a_time_nothing_ends() -> None:
    assert usage_at("full", say(None, "maintenance", H, until=3 * H), None).level == "maintenance"


@pytest.mark.parametrize(
    ("level", "until", "why", "words"),
    [
        ("broken", None, "x", "one of full, evaluation, telemetry-only, off, maintenance, configured is needed"),
        ("maintenance", None, "x", "maintenance needs an end"),
        (CONFIGURED, 3 * H, "x", "has no end"),
        ("off", H, "x", "an end after now, 1970-01-01T02:00:00Z, is needed, 1970-01-01T01:00:00Z came"),
        ("off", None, " ", "a reason (--why) is needed"),
    ],
)
def test_what_cannot_be_is_refused(level: str, until: int | None, why: str, words: str) -> None:
    with pytest.raises(RegistryError) as refused:
        changed(None, level, 2 * H, until_ns=until, by="li", why=why)
    assert words in str(refused.value)
