"""Parts of channels that are looked at sample by sample: where a step may trigger, and while a trigger lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice

import numpy as np

from detection.averages import Averages, Bools
from detection.bandpass import Indices
from detection.bank import Bank
from detection.matrices import Floats
from detection.trigger import Spans, spans_of

_LOOK = 100  # samples of a part; with 800 most of what was looked at was quiet, with 64 the calls cost more


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Samples that were looked at, of any channels, one part behind the other.

    Parameters
    ----------
    sta : (n,) short-term average, summed over the bands
    ratios : (n_bands, n) short- over long-term average
    ltas : (n_bands, n) long-term average
    """

    sta: Floats
    ratios: Floats
    ltas: Floats

    def at(self, index: int) -> tuple[int, tuple[float, ...]]:
        """The band whose ratio is the largest at a sample, and each band's long-term average there."""
        band = int(self.ratios[:, index].argmax()) if len(self.ratios) > 1 else 0
        return band, tuple(self.ltas[:, index].tolist())


@dataclass(slots=True, eq=False)
class Found:
    """A stretch of one channel in which a trigger begins, lasts or ends.

    Parameters
    ----------
    number : of the channel, in the order in which the samples were given
    first : number of the stretch's first sample
    spans : first sample of each trigger in the stretch, and the first one after it; where it goes on, the number of
        the stretch's samples
    looked, begin, end : where the stretch's samples are
    """

    number: int
    first: int
    spans: Sequence[tuple[int, int]]
    looked: Looked
    begin: int
    end: int

    @property
    def sta(self) -> Floats:
        """(n,) short-term average, summed over the bands."""
        return self.looked.sta[self.begin : self.end]

    def at(self, index: int) -> tuple[int, tuple[float, ...]]:
        """The band whose ratio is the largest at a sample of the stretch, and each band's long-term average there."""
        return self.looked.at(self.begin + index)


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
        n_step = self.bank.plan.n_step
        n_look = min(max(_LOOK // n_step, 1), len(suspect))
        width = -(-len(suspect) // n_look) + 1  # the parts of a channel, and one that there never is
        unseen = np.arange(width) * (n_look * n_step) < self.lengths[:, np.newaxis]
        unseen[:, -1] = False
        unseen = unseen.ravel()
        todo = np.zeros(len(unseen), dtype=np.bool_)
        channels, steps = np.divmod(suspect.T.ravel().nonzero()[0], len(suspect))
        todo[channels * width + steps // n_look] = True
        todo[self.bank.is_on[self.rows].nonzero()[0] * width] = True
        parts, n_ahead = None, 1
        while len(places := todo.nonzero()[0]):
            more = self._average(places, width, n_look)
            parts = more if parts is None else parts.with_more(more)
            spans = self._spans(parts)
            unseen[places] = todo[:] = False
            lasting = parts.places[parts.edges[spans.stretches[spans.last] + 1] - 1]
            for ahead in range(1, n_ahead + 1):
                todo[np.minimum(lasting + ahead, lasting - lasting % width + width - 1)] = True
            todo &= unseen
            n_ahead = min(4 * n_ahead, width)
        if parts is not None:
            yield from self._end(parts, spans)

    def _average(self, places: Indices, width: int, n_look: int) -> _Parts:
        """Both averages and their ratio at every sample of some parts of `n_look` steps."""
        channels, numbers = np.divmod(places, width)
        stas, ltas = zip(*(band.by_sample(numbers * n_look, n_look, channels) for band in self.bands), strict=True)
        ratios = np.empty((len(self.bands), *stas[0].shape))
        for ratio, sta, lta in zip(ratios, stas, ltas, strict=True):
            _divide(sta, lta, out=ratio)
        n = ratios.shape[2]
        firsts = numbers * n
        n_known, n_blind = self.lengths[channels] - firsts, self.n_blind[channels] - firsts
        if n_blind.max() > 0 or n_known.min() < n:
            at = np.arange(n)
            ratios *= (at >= n_blind[:, np.newaxis]) & (at < n_known[:, np.newaxis])
        return _Parts(places, channels, firsts, np.minimum(n_known, n), reduce(np.add, stas), ratios, np.array(ltas))

    def _spans(self, parts: _Parts) -> Spans:
        """The triggers of some parts."""
        n, settings = parts.sta.shape[1], self.bank.plan.settings
        was_on = parts.edges[:-1][self._was_on(parts)]
        highest = parts.ratios[0] if len(parts.ratios) == 1 else parts.ratios.max(axis=0)
        return spans_of(highest.ravel(), parts.edges * n, was_on * n, on=settings.on_ratio, off=settings.off_ratio)

    def _was_on(self, parts: _Parts) -> Bools:
        """(n_stretches,) whether a trigger lasts before each stretch."""
        begins = parts.edges[:-1]
        lasts: Bools = self.bank.is_on[self.rows[parts.channels[begins]]] & (parts.firsts[begins] == 0)
        return lasts

    def _end(self, parts: _Parts, spans: Spans) -> Iterator[Found]:
        """What was found; the bank's state is the one after each channel's last sample."""
        n, begins, lasts = parts.sta.shape[1], parts.edges[:-1], parts.edges[1:] - 1
        channels, starts, stops = parts.channels[begins], begins * n, lasts * n + parts.n_known[lasts]
        n_spans = np.bincount(spans.stretches, minlength=len(begins))
        wanted = ((n_spans > 0) | self._was_on(parts)).nonzero()[0]
        self.bank.is_on[self.rows] = False
        self.bank.is_on[self.rows[channels[spans.stretches[spans.stops >= stops[spans.stretches]]]]] = True
        self._cut(parts)
        before = starts[spans.stretches]
        edges = zip((spans.starts - before).tolist(), (spans.stops - before).tolist(), strict=True)
        looked = Looked(parts.sta.ravel(), *(values.reshape(len(values), -1) for values in (parts.ratios, parts.ltas)))
        columns = self.numbers[channels], self.begin + parts.firsts[begins], n_spans, starts, stops
        for number, first, n_here, start, stop in zip(*(column[wanted].tolist() for column in columns), strict=True):
            yield Found(number, first, list(islice(edges, n_here)), looked, start, stop)

    def _cut(self, parts: _Parts) -> None:
        """The noise level of channels whose segment ends inside a step: the step has averaged zeros behind the end."""
        n_step = self.bank.plan.n_step
        if not (self.lengths % n_step).any():
            return
        last = (parts.n_known % n_step).nonzero()[0]
        self.bank.lta[self.rows[parts.channels[last]]] = parts.ltas[:, last, parts.n_known[last] - 1].T


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Parts in the order of channels and time.

    Parameters
    ----------
    places : (m,) a number for each part; those that adjoin follow each other
    channels, firsts : (m,) whose it is, and the number of its first sample
    n_known : (m,) samples of it that there are
    sta : (m, n)
    ratios, ltas : (n_bands, m, n)
    edges : (n_stretches + 1,) first part of each run of parts that adjoin, and m
    """

    places: Indices
    channels: Indices
    firsts: Indices
    n_known: Indices
    sta: Floats
    ratios: Floats
    ltas: Floats
    edges: Indices = field(init=False)

    def __post_init__(self) -> None:
        is_first = np.ones(len(self.places) + 1, dtype=np.bool_)
        np.not_equal(self.places[1:], self.places[:-1] + 1, out=is_first[1:-1])
        object.__setattr__(self, "edges", is_first.nonzero()[0])

    def with_more(self, more: _Parts) -> _Parts:
        """These and others, none twice, in order."""
        order = np.concatenate((self.places, more.places)).argsort()
        return _Parts(
            np.concatenate((self.places, more.places))[order],
            np.concatenate((self.channels, more.channels))[order],
            np.concatenate((self.firsts, more.firsts))[order],
            np.concatenate((self.n_known, more.n_known))[order],
            np.concatenate((self.sta, more.sta))[order],
            np.concatenate((self.ratios, more.ratios), axis=1)[:, order],
            np.concatenate((self.ltas, more.ltas), axis=1)[:, order],
        )


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
