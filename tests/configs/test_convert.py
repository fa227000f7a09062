"""TOML values become dataclasses, and what does not fit is refused with the key, what was needed and what came."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import pytest

from configs.convert import build
from houfeng.errors import ConfigError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    code: str
    height_m: float | None = None

    def __post_init__(self) -> None:
        if self.height_m == 13:
            raise ConfigError("height_m: no 13th floor")
        if self.height_m == 14:
            raise ConfigError("inner: 14 is 13 in disguise")


@dataclass(frozen=True, slots=True)
class Outer:
    rate_hz: float = 100.0
    n_blocks: int = 1
    enabled: bool = True
    title: str = ""
    patterns: tuple[str, ...] = ()
    corners_hz: tuple[float, float] = (1.0, 2.0)
    order: Literal["up", "down"] = "up"
    colour: Colour = Colour.RED
    inner: tuple[Inner, ...] = ()
    one: Inner = field(default_factory=lambda: Inner("none"))


def test_an_empty_table_gives_the_defaults() -> None:
    assert build(Outer, {}) == Outer()


def test_every_type_is_converted() -> None:
    table = {
        "rate_hz": 50,
        "n_blocks": 3,
        "enabled": False,
        "title": "a",
        "patterns": ["b", "c"],
        "corners_hz": [1, 2.5],
        "order": "down",
        "colour": "blue",
        "inner": [{"code": "d"}, {"code": "e", "height_m": 2}],
        "one": {"code": "f", "height_m": 1.5},
    }
    built = build(Outer, table)
    inner = (Inner("d"), Inner("e", 2.0))
    assert built == Outer(50.0, 3, False, "a", ("b", "c"), (1.0, 2.5), "down", Colour.BLUE, inner, Inner("f", 1.5))
    # 50 and 50.0 must hash to the same configuration
    assert isinstance(built.rate_hz, float)
    assert isinstance(built.inner[1].height_m, float)
    assert isinstance(built.colour, Colour)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rate_h": 1.0}, "rate_h: there is no such key; did you mean rate_hz?"),
        ({"one": {"cod": "a"}}, "one.cod: there is no such key; did you mean one.code?"),
        ({"one": {"zzz": "a"}}, "one.zzz: there is no such key; allowed here: code, height_m"),
        (
            {"inner": [{"code": "a"}, {"code": "b", "height": 1}]},
            "inner[2].height: there is no such key; did you mean inner[2].height_m?",
        ),
        ({"inner": [{"code": "a"}, {}]}, "inner[2].code: a text in quotes is needed, the key is missing"),
        ({"rate_hz": "5"}, "rate_hz: a number is needed, a text in quotes ('5') came"),
        ({"rate_hz": True}, "rate_hz: a number is needed, true came"),
        ({"rate_hz": float("nan")}, "rate_hz: a finite number is needed, nan came"),
        ({"rate_hz": float("inf")}, "rate_hz: a finite number is needed, inf came"),
        ({"n_blocks": 1.0}, "n_blocks: a whole number is needed, a number (1.0) came"),
        ({"n_blocks": False}, "n_blocks: a whole number is needed, false came"),
        ({"enabled": 1}, "enabled: true or false is needed, a whole number (1) came"),
        ({"title": ["a"]}, "title: a text in quotes is needed, an array came"),
        ({"patterns": "a"}, "patterns: an array is needed, a text in quotes ('a') came"),
        ({"patterns": ["a", 2]}, "patterns[2]: a text in quotes is needed, a whole number (2) came"),
        ({"corners_hz": [1.0]}, "corners_hz: 2 values are needed, 1 came"),
        ({"order": "left"}, "order: one of 'up', 'down' is needed, a text in quotes ('left') came"),
        ({"colour": "green"}, "colour: one of 'red', 'blue' is needed, a text in quotes ('green') came"),
        ({"one": 5}, "one: a table is needed, a whole number (5) came"),
        ({"one": {"code": "a", "height_m": "b"}}, "one.height_m: a number is needed, a text in quotes ('b') came"),
        ({"inner": {"code": "a"}}, "inner: an array is needed, a table came"),
        ({"one": {"code": "a", "height_m": 13}}, "one.height_m: no 13th floor"),
        ({"inner": [{"code": "a", "height_m": 13}]}, "inner[1].height_m: no 13th floor"),
        ({"inner": [{"code": "a", "height_m": 14}]}, "inner: 14 is 13 in disguise"),
    ],
)
def test_what_does_not_fit_is_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        build(Outer, table)
    assert message in str(raised.value)


def test_all_faults_are_told_a_line_each() -> None:
    table: dict[str, Any] = {
        "rate_h": 1.0,
        "n_blocks": "3",
        "a\nb": 1,
        "patterns": [1, "b", True],
        "inner": [{"code": 1}, {"code": "d", "height_m": 13}, {"code": "e"}, {}],
        "one": {"code": "f", "zzz": 1},
    }
    with pytest.raises(ConfigError) as raised:
        build(Outer, table)
    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "rate_h",
        "'a\\nb'",
        "n_blocks",
        "patterns[1]",
        "patterns[3]",
        "inner[1].code",
        "inner[2].height_m",
        "inner[4].code",
        "one.zzz",
    ]


def test_a_table_with_a_mistyped_key_is_not_checked_against_its_default() -> None:
    """`height` for `height_m`: a complaint about the default that took its place would be about nothing."""
    with pytest.raises(ConfigError) as raised:
        build(Inner, {"code": "a", "height": 1.0, "height_m": 13})
    assert str(raised.value) == "height: there is no such key; did you mean height_m?"
