"""GB/T 17742-2020 names a band and no filter: how far intensities are apart by the choice of one.

`HOUFENG_DATA=... pytest -s tests/engineering/test_intensity_filters.py` prints what docs/assessment.md says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.fft import irfft, rfft, rfftfreq
from scipy.signal import butter, sosfilt, sosfiltfilt

from engineering.formats import read
from engineering.formats.lines import File
from engineering.intensity import CHINA_HZ, china, china_of
from engineering.measures import integral
from engineering.oscillator import Floats

from .conftest import RATE_HZ

Filter = Callable[[Floats, float], Floats]


def one_way(n_poles: int) -> Filter:
    return lambda a, rate_hz: sosfilt(butter(n_poles, CHINA_HZ, "bandpass", fs=rate_hz, output="sos"), a)


def both_ways(n_poles: int) -> Filter:
    return lambda a, rate_hz: sosfiltfilt(
        butter(n_poles, CHINA_HZ, "bandpass", fs=rate_hz, output="sos"), a, padlen=999
    )


def cut(a: Floats, rate_hz: float) -> Floats:
    frequency_hz = rfftfreq(a.shape[-1], 1 / rate_hz)
    inside = (frequency_hz >= CHINA_HZ[0]) & (frequency_hz <= CHINA_HZ[1])
    return np.asarray(irfft(rfft(a) * inside, a.shape[-1]))


FILTERS: dict[str, Filter] = {
    "2 poles one way": one_way(2),
    "4 poles one way": one_way(4),  # as a published program has it, github.com/chemars/Seismic-Intensity-Scales
    "4 poles each way": both_ways(4),
    "cut off at the corners": cut,
}


def records(shared_data: Callable[[str], Path], near: Floats) -> dict[str, tuple[Floats, float]]:
    found = {"CE.CCC": (near, RATE_HZ)}
    folder = shared_data("strong_motion")
    for pattern in ("*/CE89146.V2", "*/*WPWS_20.V2A", "*/HI.ARS1*", "*/HL.DLFA*"):
        parts = [one for path in sorted(folder.glob(pattern)) for one in read(File.of(path.name, path.read_bytes()))]
        found[pattern[2:10].strip("*")] = np.stack([one.acceleration_m_s2 for one in parts]), parts[0].rate_hz
    return found


def test_other_filters_of_the_band_give_nearly_the_same(
    shared_data: Callable[[str], Path], record_m_s2: Floats
) -> None:
    apart = {name: 0.0 for name in FILTERS}
    held = records(shared_data, record_m_s2)
    for station, (motion, rate_hz) in held.items():
        ours = china(motion, rate_hz)
        others = {}
        for name, of in FILTERS.items():
            banded = of(motion, rate_hz)
            peaks = (float(np.sqrt((x**2).sum(axis=0)).max()) for x in (banded, integral(banded, rate_hz)))
            others[name] = china_of(*peaks)
            apart[name] = max(apart[name], abs(others[name] - ours))
        print(f"{station:10} ours {ours}", others)
    print({name: round(value, 1) for name, value in apart.items()})
    assert len(held) == 5
    assert 0 < max(apart.values()) < 0.15
