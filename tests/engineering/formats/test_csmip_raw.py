"""California's uncorrected volume 1, corrected here, against the volume 2 that its agency made of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from engineering.chain import correct
from engineering.formats import csmip_raw, read
from engineering.formats.lines import File
from engineering.measures import integral, measure
from engineering.oscillator import Floats
from engineering.spectra import Oscillators, psa
from houfeng.errors import MotionError
from houfeng.projects.load import open_project
from houfeng.projects.running import assess_project
from houfeng.times import NS_PER_S, parse_ns
from tests.houfeng.projects.bridge import bridge

Folder = Callable[[str], Path]
RATE_HZ = 200.0
ORIGIN_NS = parse_ns("2012-02-13T21:07:02.77Z")
P_NS = ORIGIN_NS + 5 * NS_PER_S  # a little before it, 38 km away
PROJECT = bridge('title = "T"', file="CE89146.V1")


def volume(folder: Path, number: int) -> File:
    path = folder / "nc71734741" / f"CE89146.V{number}"
    return File.of(path.name, path.read_bytes())


def displaced(acceleration: Floats) -> float:
    """Peak above 0.3 Hz, the agency's lower corner; m."""
    sections = butter(2, 0.3, "highpass", fs=RATE_HZ, output="sos")
    padded = sosfiltfilt(sections, np.pad(acceleration, 4000))
    return float(np.abs(integral(integral(padded, RATE_HZ), RATE_HZ)[4000:-4000]).max())


def test_volume_2_is_made_of_volume_1(shared_data: Folder) -> None:
    axes = csmip_raw.read(volume(shared_data("strong_motion"), 1))
    assert [(one.name, one.azimuth_deg, len(one.counts)) for one in axes] == [
        *(("360 deg", 360.0, 13_200), ("Up", None, 13_200), ("90 deg", 90.0, 13_200)),
    ]
    assert axes[0].start_ns == parse_ns("2012-02-13T21:06:45Z")
    # the header's largest value, in g
    assert np.abs(axes[0].counts).max() == pytest.approx(79_180, abs=1)
    oscillators = Oscillators(np.geomspace(0.03, 2.0, 40))
    found, theirs = correct([one.raw(P_NS) for one in axes]), read(volume(shared_data("strong_motion"), 2))
    print("axis, ours and theirs: PGA cm/s2, PGV cm/s, PGD cm, PGD cm above 0.3 Hz; PSA median and largest difference")
    for ours, agency in zip(found, theirs, strict=True):
        peaks, published = measure(ours.acceleration_m_s2, RATE_HZ), agency.published
        assert published.pga_m_s2 is not None
        assert published.pgv_m_s is not None
        assert published.pgd_m is not None
        pgv_m_s = float(np.abs(ours.velocity_m_s).max()) if ours.velocity_m_s is not None else np.nan
        pgd_m = float(np.abs(ours.displacement_m).max()) if ours.displacement_m is not None else np.nan
        above_m = displaced(ours.acceleration_m_s2)
        ratio = psa(ours.acceleration_m_s2, RATE_HZ, oscillators) / psa(agency.acceleration_m_s2, RATE_HZ, oscillators)
        beside = (
            (float(peaks.pga_m_s2), published.pga_m_s2),
            (pgv_m_s, published.pgv_m_s),
            (pgd_m, published.pgd_m),
            (above_m, published.pgd_m),
        )
        listed = ", ".join(f"{100 * a:.4g} {100 * b:.4g}" for a, b in beside)
        print(f"{ours.name}: {listed}; {100 * np.median(ratio - 1):+.2f} % {100 * np.abs(ratio - 1).max():.1f} %")
        assert peaks.pga_m_s2 == pytest.approx(published.pga_m_s2, rel=0.01)
        assert pgv_m_s == pytest.approx(published.pgv_m_s, rel=0.015)
        assert above_m == pytest.approx(published.pgd_m, rel=0.01)
        assert np.median(ratio) == pytest.approx(1, abs=0.005)


def test_a_project_corrects_volume_1(shared_data: Folder, tmp_path: Path) -> None:
    (tmp_path / "CE89146.V1").symlink_to(shared_data("strong_motion") / "nc71734741" / "CE89146.V1")
    (tmp_path / "project.toml").write_text(PROJECT)
    found = assess_project(open_project(tmp_path / "project.toml"))
    assert found.refusals == {}
    (record,) = found.records.values()
    assert record.onset_ns is not None
    assert 4 < (record.onset_ns - ORIGIN_NS) / NS_PER_S < 7
    assert record.assessment.measures.pga_m_s2[0] == pytest.approx(0.7728, rel=0.01)
    (tmp_path / "project.toml").write_text(PROJECT.replace("21:07:02.77", "22:07:02.77"))
    (refusal,) = assess_project(open_project(tmp_path / "project.toml")).refusals.values()
    assert "360 deg: P is expected 36" in refusal.reason
    assert refusal.reason.endswith("s from its start, it is 66.0 s long")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: lines[:100], "ends after 576 of 13200 values"),
        (lambda lines: [*lines[:3], *lines[4:]], "line 1: expected Station No., Chan, Start time in UTC"),
        (lambda lines: lines[:20], "line 1: expected 'Accelerogram points"),
    ],
)
def test_a_broken_volume_1_is_refused_with_its_line(
    shared_data: Folder, spoil: Callable[[list[str]], list[str]], said: str
) -> None:
    lines = spoil(list(volume(shared_data("strong_motion"), 1).lines))
    with pytest.raises(MotionError, match=said):
        csmip_raw.read(File("broken", tuple(lines)))
