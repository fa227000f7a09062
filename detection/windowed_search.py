"""Where channels trigger when the averages are windows that end sharply: channel by channel, every sample looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.signal import sosfilt

from detection.bank import Bank
from detection.closely import Found, Looked
from detection.matrices import Floats
from detection.trigger import Bools, hysteresis, intervals

_UNIT = 65_536  # samples averaged at once


def search_windows(bank: Bank, rows: Sequence[int], samples: Sequence[Floats]) -> Iterator[Found]:
    """Filter and average some samples of each channel, one channel after the other; as `detection.search.search`."""
    for number, (row, values) in enumerate(zip(rows, samples, strict=True)):
        for first in range(0, len(values), _UNIT):
            part = values[first : first + _UNIT]
            was_on = bool(bank.is_on[row])
            sta, ltas, ratios, is_on = _averaged(bank, row, part)
            if was_on or is_on.any():
                yield Found(number, first, intervals(is_on), Looked(sta, ratios, np.stack(ltas)), 0, len(sta))


def _averaged(bank: Bank, row: int, values: Floats) -> tuple[Floats, list[Floats], Floats, Bools]:
    plan, n = bank.plan, len(values)
    total, ltas, ratios = np.zeros(n), [], np.empty((len(plan.bands), n))
    for number, (band, windows) in enumerate(zip(plan.bands, bank.windows[row], strict=True)):
        signal, after = sosfilt(band.sections, values, zi=bank.filters[row, number].reshape(-1, 2))
        bank.filters[row, number] = after.ravel()
        plan.rectify(signal, out=signal)
        sta, lta, ratios[number] = windows.averages(signal, plan)
        total += sta
        ltas.append(lta)
    ratios[:, : max(plan.n_lta - int(bank.n_learnt[row]), int(bank.n_blind[row]))] = 0
    settings = plan.settings
    state = hysteresis(ratios.max(axis=0)[np.newaxis], bank.is_on[[row]], on=settings.on_ratio, off=settings.off_ratio)[
        0
    ]
    bank.is_on[row] = state[-1]
    bank.n_learnt[row] += n
    bank.n_blind[row] = max(bank.n_blind[row] - n, 0)
    return total, ltas, ratios, state
