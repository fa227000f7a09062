"""Published strong-motion records: their peaks and spectra are what their agencies say; broken ones say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engineering.formats import read
from engineering.formats.lines import File
from engineering.measures import G_M_S2, measure
from engineering.motion import Component, Motion
from engineering.oscillator import Between, Floats
from engineering.spectra import Oscillators, psa
from houfeng.errors import MotionError

M_PER_INCH = 0.0254
# Peaks are printed with three to five digits.
PRINTED = 0.004

Folder = Callable[[str], Path]


def components(path: Path) -> list[Component]:
    return read(File.of(path.name, path.read_bytes()))


def test_californias_peaks_are_found(shared_data: Folder) -> None:
    found = components(shared_data("strong_motion") / "nc71734741" / "CE89146.V2")
    assert [(one.name, one.azimuth_deg) for one in found] == [("360 deg", 360.0), ("Up", None), ("90 deg", 90.0)]
    assert {(one.rate_hz, one.band_hz, len(one.acceleration_m_s2)) for one in found} == {(200.0, (0.3, 40.0), 12_000)}
    for one in found:
        peaks = measure(one.acceleration_m_s2, one.rate_hz)
        assert one.published.pga_m_s2 == pytest.approx(float(peaks.pga_m_s2), rel=PRINTED)
        # integrated here from rounded acceleration
        assert one.published.pgv_m_s == pytest.approx(float(peaks.pgv_m_s), rel=PRINTED)
        assert one.published.pgd_m == pytest.approx(float(peaks.pgd_m), rel=0.006)
    assert found[0].published.pga_m_s2 == pytest.approx(0.77280)
    assert Motion(tuple(found)).horizontals_m_s2 is not None


def spectra_published(path: Path) -> tuple[Floats, Floats]:
    """Periods, and Sd in m, (3, 78), 5 % damped, of the agency's volume 3."""
    file = File.of(path.name, path.read_bytes())
    damping = next(number for number, line in enumerate(file.lines) if line.split() == [".050"])
    periods, _ = file.columns(damping + 1, 100, 10)
    begins = [number for number, line in enumerate(file.lines) if line.startswith("Damping =  .05. Data of Sd")]
    values = np.stack([file.columns(begin + 1, 100, 10)[0] for begin in begins])
    return periods[:78], values[:, :78] * M_PER_INCH


def test_californias_spectra_are_found(shared_data: Folder) -> None:
    folder = shared_data("strong_motion") / "nc71734741"
    periods_s, displacement_m = spectra_published(folder / "CE89146.V3")
    assert (periods_s[0], periods_s[-1], len(displacement_m)) == (0.04, 6.0, 3)
    record = np.stack([one.acceleration_m_s2 for one in components(folder / "CE89146.V2")])
    for between, worst in ((Between.LINEAR, 0.008), (Between.BAND_LIMITED, 0.022)):
        found = psa(record, 200.0, Oscillators(periods_s, between=between))
        theirs = displacement_m * (2 * np.pi / periods_s) ** 2
        assert np.abs(found / theirs - 1).max() < worst, between  # three digits are printed: up to 0.5 %
    at_03 = int(np.flatnonzero(periods_s == 0.3)[0])
    assert psa(record[0], 200.0, Oscillators(periods_s))[at_03] / G_M_S2 == pytest.approx(0.1005, abs=2e-4)


def test_new_zealands_peaks_are_found(shared_data: Folder) -> None:
    found = components(shared_data("strong_motion") / "nz2018p115908" / "20180212_211557_WPWS_20.V2A")
    assert [(one.name, one.azimuth_deg) for one in found] == [("S16W", 196.0), ("S74E", 106.0), ("Up", None)]
    for one in found:
        assert one.velocity_m_s is not None
        assert one.displacement_m is not None
        assert np.abs(one.acceleration_m_s2).max() == pytest.approx(one.published.pga_m_s2, rel=PRINTED)
        assert np.abs(one.velocity_m_s).max() == pytest.approx(one.published.pgv_m_s, rel=PRINTED)
        assert np.abs(one.displacement_m).max() == pytest.approx(one.published.pgd_m, rel=0.012)
    assert Motion(tuple(found)).horizontals_m_s2 is not None


def test_europes_peaks_are_found(shared_data: Folder) -> None:
    paths = sorted((shared_data("strong_motion") / "us60004wsq_ESM").glob("*.ASC"))
    found = [components(path)[0] for path in paths]
    assert [one.label for one in found] == [
        f"{station} HN{axis}" for station in ("HI.ARS1", "HL.DLFA") for axis in "ENZ"
    ]
    for one in found:
        assert np.abs(one.acceleration_m_s2).max() == pytest.approx(one.published.pga_m_s2, rel=1e-5)
    assert found[0].band_hz == (0.1, 30.0)
    assert (found[0].rate_hz, len(found[0].acceleration_m_s2)) == (pytest.approx(200.0), 19_128)


@pytest.mark.parametrize(
    ("path", "spoil", "said"),
    [
        ("nc71734741/CE89146.V2", lambda lines: lines[:200], "line 200: ends after 1232 of 12000 values"),
        ("nc71734741/CE89146.V2", lambda lines: [*lines[:60], "garbage", *lines[61:]], "line 61: expected numbers 10"),
        ("nc71734741/CE89146.V1", lambda lines: lines, "is CSMIP volume 1, not corrected: a project"),
        ("nz2018p115908/20180212_211557_WPWS_20.V2A", lambda lines: lines[:100], "ends after 740 of 5800"),
        ("nz2018p115908/20180212_211557_WPWS_20.V2A", lambda lines: lines[:9] + lines[10:], "line 1: expected Site"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    shared_data: Folder, path: str, spoil: Callable[[list[str]], list[str]], said: str
) -> None:
    whole = shared_data("strong_motion") / path
    lines = spoil(whole.read_text("latin-1").splitlines())
    with pytest.raises(MotionError, match=said):
        read(File("broken", tuple(lines)))


def esm(values: list[str], **changed: str) -> File:
    """A file of ESM with these values; keys that are changed, or taken out by an empty name."""
    header = {
        "EVENT_NAME": "", "NETWORK": "XX", "STATION_CODE": "AAA", "STREAM": "HNE", "UNITS": "cm/s^2",
        "DATA_TYPE": "ACCELERATION", "NDATA": str(len(values)), "SAMPLING_INTERVAL_S": "0.005", "PGA_CM/S^2": "2.0",
    } | changed  # fmt: skip
    lines = [f"{key}: {value}" for key, value in header.items()]
    lines += ["USER: "] * (64 - len(lines))
    return File("one.ASC", (*lines, *values))


def test_a_small_file_is_read_in_si() -> None:
    (found,) = read(esm(["1.0", "-2.0", "0.5"]))
    assert found.acceleration_m_s2.tolist() == pytest.approx([0.01, -0.02, 0.005])
    assert (found.label, found.azimuth_deg, found.rate_hz) == ("XX.AAA HNE", 90.0, 200.0)
    assert found.published.pga_m_s2 == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"UNITS": "g"}, r"UNITS must be cm/s\^2, came 'g'"),
        ({"NDATA": "4"}, "ends after 3 of 4 values"),
        ({"NDATA": "2"}, "more values than NDATA, 2"),
        ({"NDATA": "many"}, "NDATA must be a number, came 'many'"),
        ({"STREAM": "HN1"}, "STREAM must end in N, E or Z, came 'HN1'"),
        ({"SAMPLING_INTERVAL_S": "0"}, "the sampling interval must be more than 0 s, came '0'"),
    ],
)
def test_what_a_header_may_not_say(changed: dict[str, str], said: str) -> None:
    with pytest.raises(MotionError, match=said):
        read(esm(["1.0", "-2.0", "0.5"], **changed))


def test_an_empty_file_is_said_to_be_one() -> None:
    with pytest.raises(MotionError, match=r"nothing\.txt: is empty"):
        File.of("nothing.txt", b"")
