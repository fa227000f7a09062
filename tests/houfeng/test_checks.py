"""The checks of settings: what is refused, and the one wording of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from houfeng import checks
from houfeng.errors import ConfigError


@dataclass
class Window:
    low_hz: float = 1.0
    high_hz: float = 2.0
    n_tries: float = 1


REFUSED: list[tuple[Callable[[], None], str]] = [
    (lambda: checks.need(False, "a.b", "a folder", "an empty text"), "a.b: a folder is needed, an empty text came"),
    (lambda: checks.positive(Window(0.0), "low_hz"), "low_hz: more than 0 Hz is needed, 0 came"),
    (lambda: checks.positive(Window(math.nan), "low_hz", where="x."), "x.low_hz: more than 0 Hz is needed, nan came"),
    (lambda: checks.positive(Window(math.inf), "low_hz"), "low_hz: more than 0 Hz is needed, inf came"),
    (lambda: checks.positive(Window(n_tries=-1), "high_hz", "n_tries"), "n_tries: more than 0 is needed, -1 came"),
    (lambda: checks.not_negative(Window(-0.5), "low_hz"), "low_hz: 0 Hz or more is needed, -0.5 came"),
    (lambda: checks.above(Window(2.0), "high_hz", "low_hz"), "high_hz: more than low_hz = 2 Hz is needed, 2 came"),
    (lambda: checks.within("a", 91.0, -90, 90), "a: -90 to 90 is needed, 91.0 came"),
    (lambda: checks.port("a", 65536), "a: a port from 1 to 65535 is needed, 65536 came"),
    (lambda: checks.port("a", 0), "a: a port from 1 to 65535 is needed, 0 came"),
    (
        lambda: checks.channel_patterns("a", ["GE.*.*.?H?", "GE.KBU"]),
        "a: NET.STA.LOC.CHA (* and ? allowed) is needed, 'GE.KBU' came",
    ),
]


@pytest.mark.parametrize(("check", "message"), REFUSED)
def test_what_will_not_do_is_refused_in_one_wording(check: Callable[[], None], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check()
    assert str(raised.value) == message


@pytest.mark.parametrize("pattern", ["*.*.*.*", "GE.KBU..BHZ", "CK.T?S.--.HH?", "II.*.10.B*"])
def test_every_pattern_of_channels_passes(pattern: str) -> None:
    with pytest.raises(ConfigError, match="'none'"):
        checks.channel_patterns("a", [pattern, "none"])


def test_what_will_do_passes() -> None:
    with pytest.raises(ConfigError, match=r"^last: "):
        checks.positive(Window(), "low_hz", "high_hz", "n_tries")
        checks.not_negative(Window(0.0), "low_hz")
        checks.above(Window(), "high_hz", "low_hz")
        checks.within("a", None, 0, 1)
        checks.within("a", 1.0, 0, 1)
        checks.port("a", 65535)
        checks.need(False, "last", "an end", "one")
