"""The state of many channels in arrays, a row each: what recursions carry from block to block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detection.matrices import Floats
from detection.plan import Plan
from detection.windows import BandWindows
from detection.workspace import Workspace
from houfeng.types import Samples

_FIRST_ROWS = 64


@dataclass(slots=True, eq=False)
class Bank:
    """State of the channels of one plan.

    Parameters
    ----------
    plan : of all of them
    filters : (n_rows, n_bands, n_states) of the band-passes
    sta, lta : (n_rows, n_bands) averages after the last sample
    n_learnt : (n_rows,) samples that the LTA has seen
    n_blind : (n_rows,) samples left in which nothing may trigger
    is_on : (n_rows,) whether a trigger lasts
    windows : of each row's bands, if the averages are windows
    tails : (n,) counts of each row, if it is filtered by rows: those since the state in `filters`
    work : memory for whoever searches these channels
    """

    plan: Plan
    filters: Floats = field(init=False)
    sta: Floats = field(init=False)
    lta: Floats = field(init=False)
    n_learnt: NDArray[np.int64] = field(init=False)
    n_blind: NDArray[np.int64] = field(init=False)
    is_on: NDArray[np.bool_] = field(init=False)
    windows: dict[int, list[BandWindows]] = field(default_factory=dict)
    tails: dict[int, Samples] = field(default_factory=dict)
    work: Workspace = field(default_factory=Workspace)
    _n_used: int = 0
    _free: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        n_bands = len(self.plan.bands)
        self.filters = np.zeros((_FIRST_ROWS, n_bands, self.plan.n_states))
        self.sta = np.zeros((_FIRST_ROWS, n_bands))
        self.lta = np.zeros((_FIRST_ROWS, n_bands))
        self.n_learnt = np.zeros(_FIRST_ROWS, dtype=np.int64)
        self.n_blind = np.zeros(_FIRST_ROWS, dtype=np.int64)
        self.is_on = np.zeros(_FIRST_ROWS, dtype=np.bool_)

    def add(self) -> int:
        """A row of zeros for one more channel."""
        if self._free:
            row = self._free.pop()
        else:
            row = self._n_used
            self._n_used += 1
            if row == len(self.sta):
                self._grow()
        for array in self._arrays():
            array[row] = 0
        if self.plan.is_windowed:
            self.windows[row] = [BandWindows.of(self.plan) for _ in self.plan.bands]
        return row

    def remove(self, row: int) -> None:
        """Give back the row of a channel that is not of this plan any more."""
        self._free.append(row)
        self.windows.pop(row, None)
        self.tails.pop(row, None)

    def _arrays(self) -> tuple[NDArray[np.generic], ...]:
        return self.filters, self.sta, self.lta, self.n_learnt, self.n_blind, self.is_on

    def _grow(self) -> None:
        self.filters, self.sta, self.lta = (np.concatenate((a, a)) for a in (self.filters, self.sta, self.lta))
        self.n_learnt, self.n_blind = (np.concatenate((a, a)) for a in (self.n_learnt, self.n_blind))
        self.is_on = np.concatenate((self.is_on, self.is_on))
