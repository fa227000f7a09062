"""Whether patterns of channels or stations have anything in common."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=65536)
def meet(one: str, other: str) -> bool:
    """Whether a text exists that both patterns match; `*` stands for any characters, `?` for one, as in fnmatch."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return meet(one[1:], other) or meet(one, other[1:])
    if other[0] == "*":
        return meet(other, one)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and meet(one[1:], other[1:])


def channels_meet(one: str, other: str) -> bool:
    """Whether one NET.STA.LOC.CHA pattern has a channel in common with another, code by code."""
    return all(meet(*codes) for codes in zip(one.split("."), other.split("."), strict=True))


def any_meets(pattern: str, others: Iterable[str]) -> bool:
    """Whether a NET.STA.LOC.CHA pattern has a channel in common with any of the others."""
    return any(channels_meet(pattern, other) for other in others)


def station_of(pattern: str) -> str:
    """The NET.STA of a NET.STA.LOC.CHA pattern."""
    return pattern.rsplit(".", 2)[0]
