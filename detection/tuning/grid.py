"""Combinations of settings to be tried, and which of them is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from detection.settings import DetectionSettings
from detection.tuning.scoring import Score
from houfeng.errors import ConfigError

Bands = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """What is tried, all with all.

    Parameters
    ----------
    bands : sets of pass bands, Hz
    on_ratios, sta_s, lta_s : as of the detection settings
    """

    bands: tuple[Bands, ...]
    on_ratios: tuple[float, ...]
    sta_s: tuple[float, ...]
    lta_s: tuple[float, ...]


def combinations(base: DetectionSettings, grid: Grid) -> tuple[list[DetectionSettings], list[str]]:
    """The settings to be tried, those of today first, and why others are none.

    A trigger ends at the ratio of today, or at four fifths of where it starts if that is less.

    Returns
    -------
    settings : each once
    refused : a line for each combination that cannot be
    """
    found, refused = {base: None}, []
    for bands, sta_s, lta_s, on_ratio in product(grid.bands, grid.sta_s, grid.lta_s, grid.on_ratios):
        off_ratio = min(base.off_ratio, 0.8 * on_ratio)
        try:
            found[replace(base, bands=bands, sta_s=sta_s, lta_s=lta_s, on_ratio=on_ratio, off_ratio=off_ratio)] = None
        except ConfigError as error:
            refused.append(f"{label(bands)}, sta {sta_s:g} s, lta {lta_s:g} s, on {on_ratio:g}: {error}")
    return list(found), refused


def label(bands: Bands) -> str:
    """`3-10+8-25 Hz`"""
    return "+".join(f"{low:g}-{high:g}" for low, high in bands) + " Hz"


class Choice(NamedTuple):
    """The best combination, and whether its false triggers are within the allowance.

    Parameters
    ----------
    number : of the combination, from 0
    is_allowed : False where none is: the one with the fewest false triggers was taken then
    """

    number: int
    is_allowed: bool


def best(scores: Sequence[Score], false_per_hour: float) -> Choice | None:
    """Of all combinations the one that finds most with no more false triggers than are allowed.

    Of equals the one with fewer false triggers, then the one of today, the first.

    Parameters
    ----------
    scores : by combination
    false_per_hour : allowed at each station

    Returns
    -------
    choice : None where no event was expected or no time was quiet: nothing can be said then
    """
    rated = [(one.recall, one.false_per_hour, index) for index, one in enumerate(scores)]
    known = [(recall, false, index) for recall, false, index in rated if recall is not None and false is not None]
    if not known:
        return None
    allowed = [row for row in known if row[1] <= false_per_hour]
    if allowed:
        return Choice(min(allowed, key=lambda row: (-row[0], row[1], row[2]))[2], is_allowed=True)
    return Choice(min(known, key=lambda row: (row[1], -row[0], row[2]))[2], is_allowed=False)
