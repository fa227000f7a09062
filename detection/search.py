"""Where many channels trigger: band-pass, averages, an exact screen, and the ratio by sample where it matters.

Nearly every step is quiet. Four sums per step bound its short-term average from above and its long-term average from
below; only channels for which the bounds allow a trigger, or in which one lasts, are looked at sample by sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detection.averages import Averages
from detection.bandpass import TILE, Filtered, Indices, Tiles
from detection.bank import Bank
from detection.closely import Closely, Found
from detection.matrices import Floats
from detection.oscillations import GROUP
from detection.table import Table
from houfeng.types import Samples

_UNIT = 1024  # tiles times steps searched at once: what is done once for each is a small part then
_UNIT_ROWS = 65536  # the same, channels times steps, of a table; half as many again where few would be left
# Searched side by side: at least, as long as there are steps enough, and at most. Of a table always the least: with
# few steps of many channels at once most of it would be tails and what fills up groups.
_TILES = 4, 16
_NONE: Samples = np.empty(0, dtype=np.int32)


def search(bank: Bank, rows: Sequence[int], samples: Sequence[Floats]) -> Iterator[Found]:
    """Filter and average some samples of each channel, and find its triggers; the bank's state moves on.

    Parameters
    ----------
    bank : of these channels
    rows, samples : for every channel its row of the bank, and counts. A number of samples that is no multiple of the
        plan's `n_step` ends the channel's segment

    Returns
    -------
    found : each channel's in the order of time
    """
    n_step = bank.plan.n_step
    lengths = np.array([len(values) for values in samples])
    order = np.argsort(-lengths, kind="stable")  # alike side by side: a tile is as long as its longest column
    bank_rows = np.array(rows)
    n_tiles = min(max(_UNIT // -(-int(lengths[order[0]]) // n_step), _TILES[0]), _TILES[not bank.plan.by_rows])
    for start in range(0, len(order), n_tiles * TILE):
        group = order[start : start + n_tiles * TILE]
        if bank.plan.by_rows:
            n_unit = _alike(-(-int(lengths[group[0]]) // (n_step * GROUP)), _UNIT_ROWS // len(group) // GROUP)
            n_unit *= GROUP * n_step
        else:
            n_unit = max(_UNIT // -(-len(group) // TILE), 1) * n_step
        for begin in range(0, int(lengths[group[0]]), n_unit):
            members = group[lengths[group] > begin]
            unit = _Unit(
                bank,
                members,
                begin,
                bank_rows[members],
                np.minimum(lengths[members] - begin, n_unit),
                [samples[number][begin : begin + n_unit] for number in members.tolist()],
            )
            yield from unit.search()


def _alike(n_all: int, n_about: int) -> int:
    """How many of `n_all` groups to take at once: about so many, and in the last turn no few that are left."""
    return -(-n_all // max(round(n_all / max(n_about, 1)), 1))


@dataclass(slots=True, eq=False)
class _Unit:
    """Stretches that are searched at once, the longest first: numbers of the channels in the order in which they came,
    where the stretches begin in what came, rows of the bank, lengths in samples.
    """

    bank: Bank
    numbers: Indices
    begin: int
    rows: Indices
    lengths: Indices
    samples: Sequence[Floats]

    def search(self) -> Iterator[Found]:
        """What triggers in these stretches, each channel's in the order of time; the state of the bank moves on."""
        bank, plan = self.bank, self.bank.plan
        n_blind = np.maximum(plan.n_lta - bank.n_learnt[self.rows], bank.n_blind[self.rows])
        steps = np.arange(self._n_steps, dtype=np.int32)[:, np.newaxis]
        seen = (steps >= (n_blind // plan.n_step).astype(np.int32)) & (steps < self._steps_of.astype(np.int32))
        if plan.by_rows:  # a table's averages lie in memory channel by channel
            seen = np.asfortranarray(seen)
        suspect = np.zeros_like(seen)
        bands = []
        for number, signal in enumerate(self._filtered()):
            averages = self._average(number, signal)
            suspect |= averages.may_trigger(seen)
            bands.append(averages)
        cut = np.flatnonzero(self.lengths % plan.n_step)
        suspect[self.lengths[cut] // plan.n_step, cut] = True
        bank.n_learnt[self.rows] += self.lengths
        bank.n_blind[self.rows] = np.maximum(bank.n_blind[self.rows] - self.lengths, 0)
        return Closely(bank, self.numbers, self.begin, self.rows, self.lengths, bands, n_blind).find(suspect)

    @property
    def _n_steps(self) -> int:
        return int(self._steps_of[0])

    @property
    def _steps_of(self) -> Indices:
        """(n_channels,) steps of each."""
        return -(-self.lengths // self.bank.plan.n_step)

    def _filtered(self) -> Iterator[Filtered]:
        """Each band's signal; the state of the bank is the one after each channel's last step."""
        bank, plan, rows = self.bank, self.bank.plan, self.rows
        before = bank.filters[rows]
        if plan.by_rows:
            tails = [bank.tails.get(row, _NONE) for row in rows.tolist()]
            table = Table(plan, tails, self.samples, self.lengths, before, bank.work)
            bank.filters[rows] = table.after
            bank.tails.update(zip(rows.tolist(), table.tails, strict=True))
            yield from (table.filter(number) for number in range(len(plan.bands)))
            return
        tiles = Tiles(plan, self.samples, self.lengths, before, bank.work)
        bank.filters[rows] = tiles.after
        yield from (tiles.filter(number) for number in range(len(plan.bands)))

    def _average(self, number: int, signal: Filtered) -> Averages:
        """Average one band; the state of the bank is the one after each channel's last step."""
        bank, plan, rows = self.bank, self.bank.plan, self.rows
        steps_of, channels = self._steps_of, np.arange(len(rows))
        averages = Averages.of(plan.averages, signal, bank.sta[rows, number], bank.lta[rows, number])
        bank.sta[rows, number] = averages.sta[steps_of, channels]
        bank.lta[rows, number] = averages.lta[steps_of, channels]
        return averages
