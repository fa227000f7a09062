"""A strong record with published answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engineering.oscillator import Floats

RATE_HZ = 100.0


@pytest.fixture
def record_m_s2(shared_data: Callable[[str], Path]) -> Floats:
    """(3, 12000) at 100 Hz: HN1, HN2, HNZ of station CE.CCC in the Ridgecrest main shock, mean removed."""
    with np.load(shared_data("engineering") / "ccc.npz") as gal:
        return np.stack([gal["HN1"], gal["HN2"], gal["HNZ"]]) / 100
