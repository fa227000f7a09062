"""Parts of channels that are looked at sample by sample: where a step may trigger, and while a trigger lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detection.averages import Averages, Bools
from detection.bandpass import Indices
from detection.bank import Bank
from detection.matrices import Floats
from detection.trigger import hysteresis

_LOOK = 100  # samples of a part; with 800 most of what was looked at was quiet, with 64 the calls cost more


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A stretch of one channel in which a trigger begins, lasts or ends.

    Parameters
    ----------
    number : of the channel, in the order in which the samples were given
    first : number of the stretch's first sample
    sta : (n,) short-term average, summed over the bands
    spans : first sample of each trigger in the stretch, and the first one after it; n where it goes on
    ratios : (n_bands, n) short- over long-term average
    ltas : (n_bands, n) long-term average
    """

    number: int
    first: int
    sta: Floats
    spans: Sequence[tuple[int, int]]
    ratios: Floats
    ltas: Floats

    def band(self, index: int) -> int:
        """The band whose ratio is the largest at a sample of the stretch."""
        return int(self.ratios[:, index].argmax()) if len(self.ratios) > 1 else 0


@dataclass(slots=True, eq=False)
class Closely:
    """Looks at the parts of some channels, all of them at once.

    What the averages are does not depend on what came before a part; whether a trigger lasts does. So all parts that
    are suspect are averaged together, the hysteresis runs through those that adjoin, and behind a part that ends in a
    trigger the next ones are averaged too, four times as many each time.

    Parameters
    ----------
    bank : of the channels; it gets to know where they end in a trigger, and the noise level of those that end inside
        a step
    numbers, begin : what the channels are called in what is found, and where its stretches are counted from
    rows, lengths : (n_channels,) rows of the bank, samples
    bands : averages of each band
    n_blind : (n_channels,) samples in which nothing may trigger
    """

    bank: Bank
    numbers: Indices
    begin: int
    rows: Indices
    lengths: Indices
    bands: Sequence[Averages]
    n_blind: Indices

    def find(self, suspect: Bools) -> Iterator[Found]:
        """What triggers in the steps that are suspect, and as long as it lasts.

        Parameters
        ----------
        suspect : (n_steps, n_channels)

        Yields
        ------
        found : each channel's in the order of time
        """
        n_step, n_steps = self.bank.plan.n_step, len(suspect)
        n_look = min(max(_LOOK // n_step, 1), n_steps)
        begins = np.arange(0, n_steps, n_look)
        todo = np.logical_or.reduceat(suspect, begins, axis=0).T
        todo[:, 0] |= self.bank.is_on[self.rows]
        unseen = np.zeros((len(todo), len(begins) + 1), dtype=np.bool_)  # and none behind the last one
        unseen[:, :-1] = self.lengths[:, np.newaxis] > begins * n_step
        todo &= unseen[:, :-1]
        parts, state, n_ahead = None, np.empty((0, 0), dtype=np.bool_), 1
        while todo.any():
            channels, numbers = np.nonzero(todo)
            more = self._average(channels, numbers, n_look)
            parts = more if parts is None else parts.with_more(more)
            state = self._hysteresis(parts)
            unseen[:, :-1] &= ~todo
            lasts = state[:, -1] & unseen[parts.channels, parts.numbers + 1]
            todo = np.zeros_like(todo)
            for ahead in range(1, n_ahead + 1):
                todo[parts.channels[lasts], np.minimum(parts.numbers[lasts] + ahead, len(begins) - 1)] = True
            todo &= unseen[:, :-1]
            n_ahead = min(4 * n_ahead, len(begins))
        if parts is not None:
            yield from self._end(parts, state)

    def _average(self, channels: Indices, numbers: Indices, n_look: int) -> _Parts:
        """Both averages and their ratio at every sample of some parts of `n_look` steps."""
        firsts = numbers * n_look
        stas, ltas = zip(*(band.by_sample(firsts, n_look, channels) for band in self.bands), strict=True)
        ratios = np.empty((len(self.bands), *stas[0].shape))
        for ratio, sta, lta in zip(ratios, stas, ltas, strict=True):
            _divide(sta, lta, out=ratio)
        begins = firsts * self.bank.plan.n_step
        n_known, n_blind = self.lengths[channels] - begins, self.n_blind[channels] - begins
        if (n_blind > 0).any() or n_known.min() < stas[0].shape[1]:
            at = np.arange(stas[0].shape[1])
            ratios *= (at >= n_blind[:, np.newaxis]) & (at < n_known[:, np.newaxis])
        total = stas[0] if len(stas) == 1 else np.sum(stas, axis=0)
        return _Parts(channels, numbers, total, ratios, np.stack(ltas))

    def _hysteresis(self, parts: _Parts) -> Bools:
        settings = self.bank.plan.settings
        highest = parts.ratios[0] if len(parts.ratios) == 1 else parts.ratios.max(axis=0)
        was_on = self.bank.is_on[self.rows[parts.channels]] & (parts.numbers == 0)
        return hysteresis(highest, was_on, on=settings.on_ratio, off=settings.off_ratio, goes_on=parts.adjoin)

    def _end(self, parts: _Parts, state: Bools) -> Iterator[Found]:
        """What was found; the bank's state is the one after each channel's last sample."""
        n_step, n = self.bank.plan.n_step, state.shape[1]
        n_known = self.lengths[parts.channels] - parts.numbers * n
        last = np.flatnonzero(n_known <= n)
        was_on = self.bank.is_on[self.rows]
        self.bank.is_on[self.rows] = False
        rows, at = self.rows[parts.channels[last]], n_known[last] - 1
        self.bank.is_on[rows] = state[last, at]
        # Inside a step the channel's segment ended, and the step has averaged zeros behind it.
        is_cut = self.lengths[parts.channels[last]] % n_step != 0
        for number, lta in enumerate(parts.ltas):
            self.bank.lta[rows[is_cut], number] = lta[last[is_cut], at[is_cut]]
        edges = np.flatnonzero(np.append(~parts.adjoin, True))
        wanted = state.any(axis=1) | (was_on[parts.channels] & (parts.numbers == 0))
        sta, is_on = parts.sta.ravel(), state.ravel()
        ratios, ltas = (values.reshape(len(values), -1) for values in (parts.ratios, parts.ltas))
        is_wanted = np.logical_or.reduceat(wanted, edges[:-1])
        begins, ends = edges[:-1][is_wanted], edges[1:][is_wanted] - 1
        stops = (ends * n + np.minimum(n_known[ends], n)).tolist()
        numbers = self.numbers[parts.channels[begins]].tolist()
        firsts = (self.begin + parts.numbers[begins] * n).tolist()
        of_each = zip((begins * n).tolist(), stops, numbers, firsts, strict=True)
        for (start, stop, number, first), spans in zip(of_each, _spans(is_on, begins * n, stops), strict=True):
            yield Found(number, first, sta[start:stop], spans, ratios[:, start:stop], ltas[:, start:stop])


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Parts in the order of channels and time: (m,) channel and number, (..., m, n) samples."""

    channels: Indices
    numbers: Indices
    sta: Floats
    ratios: Floats
    ltas: Floats

    @property
    def adjoin(self) -> Bools:
        """(m,) whether each part goes on where the one before it ended."""
        same = (np.diff(self.channels) == 0) & (np.diff(self.numbers) == 1)
        return np.concatenate(([False], same))

    def with_more(self, more: _Parts) -> _Parts:
        channels, numbers = np.append(self.channels, more.channels), np.append(self.numbers, more.numbers)
        order = np.lexsort((numbers, channels))
        return _Parts(
            channels[order],
            numbers[order],
            np.concatenate((self.sta, more.sta))[order],
            np.concatenate((self.ratios, more.ratios), axis=1)[:, order],
            np.concatenate((self.ltas, more.ltas), axis=1)[:, order],
        )


def _spans(is_on: Bools, starts: Indices, stops: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """Intervals of each of some stretches, counted from where it starts."""
    found = np.flatnonzero(is_on[1:] != is_on[:-1]) + 1
    begins, ends = np.searchsorted(found, starts, "right").tolist(), np.searchsorted(found, stops).tolist()
    changes = found.tolist()
    of_each = zip(starts.tolist(), is_on[starts].tolist(), stops, begins, ends, strict=True)
    for start, begins_on, stop, begin, end in of_each:
        edges = [change - start for change in changes[begin:end]]
        if begins_on:
            edges.insert(0, 0)
        if len(edges) % 2:
            edges.append(stop - start)
        yield list(zip(edges[::2], edges[1::2], strict=True))


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
