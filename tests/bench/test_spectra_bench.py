"""Response spectra of a strong record against pyRotd and eqsig, in one process, by processor time.

Both are put into a folder of their own by pip: pyRotd installs a package named `tests`, and wants one that is gone.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engineering.oscillator import Between
from engineering.spectra import Oscillators, psa, rotated_psa

pytestmark = pytest.mark.bench

RATE_HZ = 100.0
N_ROUNDS = 5


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The modules of others by name."""
    folder = tmp_path_factory.mktemp("others")
    wanted = ["pyRotd==0.6.1", "eqsig==1.2.17"]
    command = [sys.executable, "-m", "pip", "-q", "install", "--no-deps", "--target", str(folder), *wanted]
    subprocess.run(command, check=True)
    stand_in = types.ModuleType("pkg_resources")
    stand_in.get_distribution = lambda name: types.SimpleNamespace(version=name)  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.syspath_prepend(folder)
        patch.setitem(sys.modules, "pkg_resources", stand_in)
        found = {name: importlib.import_module(name) for name in ("pyrotd", "eqsig.sdof")}
    found["pyrotd"].processes = 1
    return found


def cpu_s(work: Callable[[], object]) -> float:
    best = np.inf
    for _ in range(N_ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def test_105_periods_of_three_components(others: dict[str, Any], shared_data: Callable[[str], Path]) -> None:
    with np.load(shared_data("engineering") / "ccc.npz") as gal:
        record = np.stack([gal["HN1"], gal["HN2"], gal["HNZ"]]) / 100
    rotd, sdof = others["pyrotd"], others["eqsig.sdof"]
    limited, linear = (Oscillators(between=between) for between in (Between.BAND_LIMITED, Between.LINEAR))
    frequencies_hz = 1 / limited.periods_s

    theirs = cpu_s(lambda: [rotd.calc_spec_accels(1 / RATE_HZ, one, frequencies_hz) for one in record])
    ours = cpu_s(lambda: psa(record, RATE_HZ, limited))
    print(f"PSA, band-limited: {ours:.3f} s, pyRotd {theirs:.3f} s: {theirs / ours:.1f} times")
    assert theirs > 4 * ours

    theirs = cpu_s(lambda: rotd.calc_rotated_spec_accels(1 / RATE_HZ, *record[:2], frequencies_hz, percentiles=[50]))
    ours = cpu_s(lambda: rotated_psa(record[:2], RATE_HZ, limited, (50.0,)))
    print(f"RotD50, band-limited: {ours:.3f} s, pyRotd {theirs:.3f} s: {theirs / ours:.1f} times")
    assert theirs > 5 * ours

    theirs = cpu_s(lambda: [sdof.pseudo_response_spectra(one, 1 / RATE_HZ, linear.periods_s, 0.05) for one in record])
    ours = cpu_s(lambda: psa(record, RATE_HZ, linear))
    found = [sdof.pseudo_response_spectra(one, 1 / RATE_HZ, linear.periods_s, 0.05) for one in record]
    long = linear.periods_s >= 0.1
    assert psa(record, RATE_HZ, linear)[:, long] == pytest.approx(np.array(found)[:, -1, long], rel=1e-3)
    print(f"PSA, straight lines: {ours:.3f} s, eqsig {theirs:.3f} s: {theirs / ours:.1f} times")
    assert theirs > ours
