"""Where many channels trigger: band-pass, averages, an exact screen, and the ratio by sample where it matters.

Nearly every step is quiet. Four sums per step bound its short-term average from above and its long-term average from
below; only channels for which the bounds allow a trigger, or in which one lasts, are looked at sample by sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detection.averages import Averages, Bools
from detection.bandpass import TILE, Filtered, Indices, filter_tiles, rows_of
from detection.bank import Bank
from detection.matrices import Floats
from detection.table import Table
from detection.trigger import hysteresis

_UNIT = 256  # tiles times steps searched at once: with 64 the calls alone took a third of the time
_UNIT_ROWS = 16384  # the same, channels times steps, of a table
_TILES = 4, 16  # searched side by side: at least, as long as there are steps enough, and at most
_LOOK = 800  # samples looked at one by one at once: in one of them something triggered


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A stretch of one channel in which a trigger begins, lasts or ends.

    Parameters
    ----------
    number : of the channel, in the order in which the samples were given
    first : number of the stretch's first sample
    sta : (n,) short-term average, summed over the bands
    is_on : (n,) whether each sample lies in a trigger
    ratios : (n_bands, n) short- over long-term average
    ltas : (n,) long-term average of each band
    """

    number: int
    first: int
    sta: Floats
    is_on: Bools
    ratios: Floats
    ltas: Sequence[Floats]

    def band(self, index: int) -> int:
        """The band whose ratio is the largest at a sample of the stretch."""
        return int(self.ratios[:, index].argmax())


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
    n_tiles = min(max(_UNIT // -(-int(lengths[order[0]]) // n_step), _TILES[0]), _TILES[1])
    for start in range(0, len(order), n_tiles * TILE):
        group = order[start : start + n_tiles * TILE]
        n_unit = max(_UNIT_ROWS // len(group) if bank.plan.by_rows else _UNIT // -(-len(group) // TILE), 1) * n_step
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

    def search(self) -> list[Found]:
        """What triggers in these stretches, each channel's in the order of time; the state of the bank moves on."""
        bank, plan = self.bank, self.bank.plan
        n_blind = np.maximum(plan.n_lta - bank.n_learnt[self.rows], bank.n_blind[self.rows])
        ends = np.arange(1, self._n_steps + 1)[:, np.newaxis] * plan.n_step
        seen = (ends > n_blind) & (ends < self.lengths + plan.n_step)
        suspect = np.zeros(seen.shape, dtype=np.bool_)
        bands = []
        for number, signal in enumerate(self._filtered()):
            averages = self._average(number, signal)
            suspect |= averages.may_reach(plan.settings.on_ratio, seen)
            bands.append(averages)
        cut = np.flatnonzero(self.lengths % plan.n_step)
        suspect[self.lengths[cut] // plan.n_step, cut] = True
        bank.n_learnt[self.rows] += self.lengths
        bank.n_blind[self.rows] = np.maximum(bank.n_blind[self.rows] - self.lengths, 0)
        return self._look_where(suspect, bands, n_blind)

    def _look_where(self, suspect: Bools, bands: Sequence[Averages], n_blind: Indices) -> list[Found]:
        """What triggers in the steps that are suspect, and as long as it lasts."""
        found = []
        begins = np.arange(0, self._n_steps, self._n_look)
        todo: Bools = np.asarray(np.logical_or.reduceat(suspect, begins, axis=0))
        todo[0] |= self.bank.is_on[self.rows]
        exists = self.lengths > begins[:, np.newaxis] * self.bank.plan.n_step
        todo &= exists
        while len(channels := np.flatnonzero(todo.any(axis=0))):  # the first part of each channel, whenever it is
            parts = todo[:, channels].argmax(axis=0)
            found += self._look(bands, begins[parts], channels, n_blind[channels])
            todo[parts, channels] = False
            lasts = self.bank.is_on[self.rows[channels]] & (parts + 1 < len(begins))
            following = parts[lasts] + 1, channels[lasts]
            todo[following] |= exists[following]
        return found

    @property
    def _n_look(self) -> int:
        """Steps looked at by sample at once."""
        return min(max(_LOOK // self.bank.plan.n_step, 1), self._n_steps)

    @property
    def _n_steps(self) -> int:
        return -(-int(self.lengths[0]) // self.bank.plan.n_step)

    def _filtered(self) -> Iterator[Filtered]:
        """Each band's signal; the state of the bank is the one after each channel's last step."""
        bank, plan, rows = self.bank, self.bank.plan, self.rows
        before = bank.filters[rows]
        if plan.by_rows:
            table = Table(plan, self.samples, self.lengths, before, bank.work)
            bank.filters[rows] = table.after
            yield from (table.filter(number) for number in range(len(plan.bands)))
            return
        columns = rows_of(self.samples, self._n_steps * plan.n_step, bank.work)
        for number in range(len(plan.bands)):
            signal, after = filter_tiles(plan, number, columns, before[:, number], self.lengths, bank.work)
            bank.filters[rows, number] = after
            yield signal

    def _average(self, number: int, signal: Filtered) -> Averages:
        """Average one band; the state of the bank is the one after each channel's last step."""
        bank, plan, rows = self.bank, self.bank.plan, self.rows
        steps_of, channels = -(-self.lengths // plan.n_step), np.arange(len(rows))
        averages = Averages.of(plan.averages, signal, bank.sta[rows, number], bank.lta[rows, number])
        bank.sta[rows, number] = averages.sta[steps_of, channels]
        bank.lta[rows, number] = averages.lta[steps_of, channels]
        return averages

    def _look(self, bands: Sequence[Averages], firsts: Indices, channels: Indices, n_blind: Indices) -> list[Found]:
        """The triggers of some channels, sample by sample; from a step of each channel's own on."""
        bank, settings = self.bank, self.bank.plan.settings
        begins = firsts * bank.plan.n_step
        rows, lengths = self.rows[channels], self.lengths[channels] - begins
        by_sample = [averages.by_sample(firsts, self._n_look, channels) for averages in bands]
        n = by_sample[0][0].shape[1]
        self._end(by_sample, rows, lengths)
        ratios = np.empty((len(by_sample), len(channels), n))
        for ratio, (sta, lta) in zip(ratios, by_sample, strict=True):
            _divide(sta, lta, out=ratio)
        if (n_blind > begins).any() or lengths.min() < n:
            at = np.arange(n)
            ratios *= (at >= (n_blind - begins)[:, np.newaxis]) & (at < lengths[:, np.newaxis])
        was_on = bank.is_on[rows]
        highest = ratios[0] if len(ratios) == 1 else ratios.max(axis=0)
        state = hysteresis(highest, was_on, on=settings.on_ratio, off=settings.off_ratio)
        bank.is_on[rows] = state[np.arange(len(rows)), np.minimum(lengths, n) - 1]
        total = by_sample[0][0] if len(by_sample) == 1 else np.sum([sta for sta, _ in by_sample], axis=0)
        found = []
        for row in np.flatnonzero(was_on | state.any(axis=1)).tolist():
            number, known = int(self.numbers[channels[row]]), slice(0, int(lengths[row]))
            ltas = [lta[row, known] for _, lta in by_sample]
            here = total[row, known], state[row, known], ratios[:, row, known], ltas
            found.append(Found(number, self.begin + int(begins[row]), *here))
        return found

    def _end(self, by_sample: Sequence[tuple[Floats, Floats]], rows: Indices, lengths: Indices) -> None:
        """Take the noise level at the end of a segment inside a step: after it the step has averaged zeros."""
        ended = np.flatnonzero((lengths % self.bank.plan.n_step != 0) & (lengths < by_sample[0][0].shape[1]))
        for band, (_, lta) in enumerate(by_sample):
            self.bank.lta[rows[ended], band] = lta[ended, lengths[ended] - 1]


def _divide(sta: Floats, lta: Floats, out: Floats) -> None:
    """STA / LTA; 0 where the LTA is 0.

    References
    ----------
    Withers et al. (1998) BSSA 88, 95-106 (recursive form).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        np.divide(sta, lta, out=out)
    if not lta.all():
        out[lta == 0] = 0.0
