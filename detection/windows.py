"""STA/LTA over windows that end sharply: the classic form and the Z-detector, for any cut of the stream the same bits.

A sum over a sliding window is formed of two parts that only add: the end of one block of the window's length, and the
beginning of the next. Nothing is subtracted, so nothing is left of a large event once it has gone out of the window.
The blocks are counted from where the channel began to learn, so they lie where they lie however the stream was cut.

References
----------
Withers et al. (1998) BSSA 88, 95-106 (classic form, Z-detector); Swindell & Snell (1977).
Chan, Golub & LeVeque (1983) Am. Stat. 37, 242-247 (variances of two parts joined).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from detection.matrices import Floats
from detection.plan import Plan
from detection.settings import Form


@dataclass(slots=True)
class Window:
    """A sliding window over values that adjoin, and its mean.

    Parameters
    ----------
    n : samples of the window
    values : those of the last whole block and of the one that is not full; zeros came before the first
    n_open : how many of them are of the one that is not full
    """

    n: int
    values: Floats = field(default_factory=lambda: np.empty(0))
    n_open: int = 0

    def __post_init__(self) -> None:
        if not len(self.values):
            self.values = np.zeros(self.n)

    def moments(self, values: Floats, *, spread: bool = False) -> tuple[Floats, Floats]:
        """Mean of the window that ends at each value, and if asked for the variance; the values count as seen.

        Parameters
        ----------
        values : (m,)

        Returns
        -------
        mean, variance : (m,) each; the variance empty if not asked for
        """
        n, m = self.n, len(values)
        known = np.concatenate((self.values, values))
        n_blocks = -(-len(known) // n)
        blocks = np.zeros(n_blocks * n)
        blocks[: len(known)] = known
        table = blocks.reshape(n_blocks, n)
        head, tail = np.cumsum(table, axis=1)[1:], np.cumsum(table[:, ::-1], axis=1)[:-1, ::-1]
        after = np.zeros_like(tail)  # of the block before, what is still in the window: without its first values
        after[:, :-1] = tail[:, 1:]
        first = self.n_open
        mean = ((head + after) / n).ravel()[first : first + m]
        variance = np.empty(0)
        if spread:
            variance = _joined(table, head, after, n).ravel()[first : first + m]
        self.n_open = len(known) % n
        self.values = known[-(n + self.n_open) :].copy()
        return mean, variance


def _joined(table: Floats, head: Floats, after: Floats, n: int) -> Floats:
    """Variance over each window, of the squares within both parts and of the distance of their means."""
    size = np.arange(1, n + 1.0)
    rest = n - size
    within_head = _squares(table[1:])
    within_tail = np.zeros_like(head)
    within_tail[:, :-1] = _squares(table[:-1, ::-1])[:, ::-1][:, 1:]
    apart = head / size - after / np.maximum(rest, 1)
    return np.asarray((within_head + within_tail + apart**2 * size * rest / n) / n)


def _squares(table: Floats) -> Floats:
    """Sums of squared distances from the mean, of the first 1, 2, ... values of each row; every term is positive."""
    size = np.arange(1, table.shape[1] + 1.0)
    mean = np.cumsum(table, axis=1) / size
    squares = np.zeros_like(table)
    squares[:, 1:] = np.cumsum((table[:, 1:] - mean[:, :-1]) ** 2 * (size[:-1] / size[1:]), axis=1)
    return squares


@dataclass(slots=True)
class BandWindows:
    """What one band of one channel carries: both windows, and the last energy, which the Z-detector sees a sample late.

    The Z-detector's short window ends before the sample, as ObsPy's does, and its long one runs over the short one's
    means.
    """

    sta: Window
    lta: Window
    last: float = 0.0

    @classmethod
    def of(cls, plan: Plan) -> BandWindows:
        """Windows that have seen nothing."""
        return cls(Window(plan.n_sta), Window(plan.n_lta))

    def restart(self, plan: Plan, *, forget: bool) -> None:
        """Begin a segment: the short window anew, the long one if it is to `forget`."""
        self.sta, self.last = Window(plan.n_sta), 0.0
        if forget:
            self.lta = Window(plan.n_lta)

    def averages(self, energy: Floats, plan: Plan) -> tuple[Floats, Floats, Floats]:
        """STA, LTA and ratio at every energy (n,), counts².

        The LTA of the Z-detector is what its STA must be at the trigger's ratio, over that ratio.
        """
        if plan.settings.form is Form.CLASSIC:
            sta, _ = self.sta.moments(energy)
            lta, _ = self.lta.moments(energy)
            return sta, lta, np.divide(sta, lta, out=np.zeros_like(sta), where=lta > 0)
        late = np.concatenate(([self.last], energy[:-1]))
        self.last = float(energy[-1])
        sta, _ = self.sta.moments(late)
        mean, variance = self.lta.moments(sta, spread=True)
        deviation = np.sqrt(variance)
        ratio = np.divide(sta - mean, deviation, out=np.zeros_like(sta), where=deviation > 0)
        return sta, mean / plan.settings.on_ratio + deviation, ratio
