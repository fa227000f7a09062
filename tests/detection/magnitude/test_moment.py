"""Mwp against a moment that is known, and of a real earthquake 77 degrees away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import log10, pi
from pathlib import Path

import numpy as np
import obspy
import pytest

from detection.magnitude import moment
from detection.magnitude.magnitudes import Magnitudes
from detection.magnitude.records import Record
from detection.magnitude.settings import MagnitudeSettings
from houfeng.errors import AmplitudeError
from houfeng.times import parse_ns
from houfeng.types import SourceId
from stations.inventory import parse_stationxml
from stations.responsexml import Responses
from tests.detection.magnitude.conftest import make_event, make_origin, stretches
from tests.detection.magnitude.test_body import broadband
from tests.detection.magnitude.test_local import seismometer

RATE_HZ = 20.0


def pulse(m_s: float, length_s: float = 12.0) -> np.ndarray:
    """Displacement of a P pulse of one side, 180 s into the record, whose integral is known."""
    t_s = np.arange(0, 300, 1 / RATE_HZ)
    inside = (t_s >= 180) & (t_s < 180 + length_s)
    return np.where(inside, m_s / length_s * (1 - np.cos(2 * pi * (t_s - 180) / length_s)), 0.0)


def record(displacement_m: np.ndarray) -> Record:
    n_fft = 1 << (4 * len(displacement_m)).bit_length()
    spectrum = np.fft.rfft(displacement_m, n_fft) * broadband().on_grid(n_fft, RATE_HZ)
    counts = np.fft.irfft(spectrum, n_fft)[: len(displacement_m)]
    return Record(counts, RATE_HZ, 1200, 0, 3590, len(counts))


def test_a_pulse_of_known_area_gives_its_moment() -> None:
    """M0 = 4 pi rho alpha^3 r area: at 50 degrees Mw 7 is 1.6e-4 m s."""
    km = 50 * 111.19
    moment_n_m = 10 ** (1.5 * 7.0 + 9.1)
    area = moment_n_m / (4 * pi * 3400 * 7900**3 * km * 1000)
    amplitude_m_s, snr = moment.amplitude(record(pulse(area)), broadband())
    # what keeps drift out takes its share of a pulse of 12 s
    assert log10(amplitude_m_s / area) == pytest.approx(0, abs=0.04)
    assert snr > 100
    value = moment.magnitude(amplitude_m_s, km, MagnitudeSettings())
    assert value == pytest.approx(7.2, abs=0.03)
    assert moment.moment_magnitude(7.2) == pytest.approx(7.317, abs=0.001)


def test_noise_that_wanders_is_no_moment() -> None:
    """Noise that is integrated twice goes three times as far behind an onset as before it, by chance."""
    found = [
        moment.amplitude(record(np.random.default_rng(seed).normal(size=6000).cumsum() * 1e-7), broadband())[1]
        for seed in range(30)
    ]
    assert max(found) < MagnitudeSettings().min_snr


def test_what_follows_the_p_waves_changes_nothing() -> None:
    """S waves are ten times larger; the window ends before them, and nothing looks ahead."""
    before = pulse(1e-4)[: round(240 * RATE_HZ)]
    whole = record(pulse(1e-4) + 0.0)
    short = replace(whole, samples=whole.samples[: len(before)], n_end=len(before))
    longer = replace(whole, n_end=len(before))
    found, of_longer = (moment.amplitude(each, broadband())[0] for each in (short, longer))
    assert found == pytest.approx(of_longer, rel=0.01)


def test_a_short_period_seismometer_is_refused() -> None:
    moment.check_long_periods(broadband())
    with pytest.raises(AmplitudeError, match="short period"):
        moment.check_long_periods(seismometer())


def test_the_santa_cruz_earthquake_of_2015(shared_data: Callable[[str], Path]) -> None:
    """USGS has 2015-07-18 02:27:33, 10.40 S 165.14 E, 11 km, Mw 7.0; one station alone is 0.2 to 0.3 off at most."""
    folder = shared_data("asia_gsn")
    inventory = parse_stationxml((folder / "IU_ULN.xml").read_bytes(), "IU_ULN.xml")
    records = stretches(obspy.read(str(folder / "IU_ULN_2015-07-18T02.mseed")))
    origin = make_origin(parse_ns("2015-07-18T02:27:33"), -10.401, 165.142, 11.0)
    event = make_event(origin, {SourceId.parse("IU.ULN.00.LHZ"): inventory.sites["IU.ULN"]})
    # the records begin at the origin time
    event = Magnitudes(MagnitudeSettings(), Responses(inventory)).measure(event, records)
    preferred, mwp = event.magnitudes
    assert (preferred.kind, mwp.kind) == ("Mw(Mwp)", "Mwp")
    assert preferred.value == pytest.approx(7.0, abs=0.3)
    assert preferred.remark == "stations: 1, 3 needed"
    reasons = {each.kind: each.reason for each in event.station_magnitudes}
    assert reasons == {"mb": "1 samples per second, 8 needed", "Mwp": ""}
