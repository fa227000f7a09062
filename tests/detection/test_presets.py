"""Presets on what they are for: P from 30 degrees, and from 3.3 degrees, where the Earth model expects it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest

from configs import load
from detection.detector import Detector
from detection.settings import DetectionSettings
from houfeng.times import parse_ns
from houfeng.types import Packet, Pick
from tests.detection.artefacts import START_NS, packets_of

Cut = Callable[..., list[Packet]]
# Tohoku, M 9.1 (USGS: 05:46:24.12, 38.297 N 142.373 E, 29 km); iasp91 by TauP for II.TLY, 30.0 degrees away
TOHOKU_NS = parse_ns("2011-03-11T05:52:30.32Z")
# Explosions in Korea (USGS: 02:57:51.3 and 03:30:01.7); iasp91 for IC.MDJ, 370 km away
KOREA_NS = {"013.043": parse_ns("2013-02-12T02:58:44.8Z"), "017.246": parse_ns("2017-09-03T03:30:54.7Z")}

pytestmark = pytest.mark.data


def settings_of(tmp_path: Path, preset: str) -> DetectionSettings:
    file = tmp_path / "houfeng.toml"
    file.write_text(f'preset = "{preset}"\n')
    return load(file).detection


def picks_of(cut: Cut, file: Path, settings: DetectionSettings) -> list[Pick]:
    (trace,) = obspy.read(str(file))
    data = np.asarray(trace.data, dtype=np.float64)
    return Detector(settings).feed(cut("XX.AAA.00.BHZ", trace.stats.starttime.ns, trace.stats.sampling_rate, data))


@pytest.mark.filterwarnings("ignore:Sample spacing read from SAC file")  # a float, 0.16 us off
def test_a_teleseism_at_thirty_degrees(cut: Cut, tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    """Read above 1 Hz it was as late, and its uncertainty 0.77 s."""
    first, *later = picks_of(cut, shared_data("asia_gsn") / "II.TLY.BHZ.SAC", settings_of(tmp_path, "teleseismic"))
    assert first.band == "0.5-2 Hz"
    assert abs(first.onset_ns - TOHOKU_NS) <= 2e9
    assert first.uncertainty_s < 0.4
    assert first.snr > 10
    assert len(later) <= 2


@pytest.mark.parametrize("day", ["013.043", "017.246"])
def test_a_regional_explosion(cut: Cut, tmp_path: Path, shared_data: Callable[[str], Path], day: str) -> None:
    first, *_ = picks_of(cut, shared_data("asia_gsn") / f"IC.MDJ.2{day}.mseed", settings_of(tmp_path, "regional"))
    assert abs(first.onset_ns - KOREA_NS[day]) <= 0.7e9
    assert first.uncertainty_s < 0.2
    assert first.snr > 100


def analysts_p_found(folder: Path, settings: DetectionSettings) -> list[int]:
    """How many of 20 P are found, of every other station and of those between."""
    found = []
    for file in sorted(folder.glob("*.npz")):
        with np.load(file) as record:
            data, p_s = np.round(100 * record["data"][:5000, 2]), int(record["itp"]) / 100
        if data.any():
            picks = Detector(settings, by_rows=True).feed(packets_of(data, 100.0, []))
            found.append(any(-0.5 < (pick.onset_ns - START_NS) / 1e9 - p_s < 1.0 for pick in picks))
    return [sum(found[::2]), sum(found[1::2])]


def false_an_hour(file: Path, settings: DetectionSettings) -> list[float]:
    """Triggers on the first and on the last twelve hours of a city's noise at 20 Hz."""
    halves = np.array_split(obspy.read(str(file))[0].data.astype(float), 2)
    return [
        len(Detector(settings, by_rows=True).feed(packets_of(half, 20.0, []))) / len(half) * 72_000 for half in halves
    ]


@pytest.mark.soak
@pytest.mark.parametrize("preset", ["local", "regional"])
def test_the_ratio_of_a_preset(tmp_path: Path, shared_data: Callable[[str], Path], preset: str) -> None:
    """The preset's ratio loses at most one of 40 P; a higher one loses more, a lower one triggers more by chance."""
    settings, found, false = settings_of(tmp_path, preset), {}, {}
    for on_ratio in (4.0, settings.on_ratio, 8.0):
        tried = replace(settings, on_ratio=on_ratio)
        found[on_ratio] = analysts_p_found(shared_data("picks_ncedc"), tried)
        false[on_ratio] = false_an_hour(shared_data("continuous_day") / "COP.BHZ.DK.2009.050", tried)
        print(preset, on_ratio, found[on_ratio], "of 20 and 20;", [f"{n:.1f}" for n in false[on_ratio]], "an hour")
    assert sum(found[settings.on_ratio]) >= 39
    assert sum(found[8.0]) < sum(found[settings.on_ratio])
    assert max(false[settings.on_ratio]) < min(false[4.0])
