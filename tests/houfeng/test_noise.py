"""`houfeng noise` on a day of a real station, against ObsPy's PPSD, and on what it cannot use."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import obspy
import pytest
from click.testing import CliRunner, Result
from obspy.signal import PPSD

from houfeng.cli import main

SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """IU.ANMO 00 LHZ on 1 January 2010 as an archive would have it, and its StationXML."""
    folder = tmp_path_factory.mktemp("station")
    obspy.read(SIGNAL_DATA / "IUANMO.seed").write(folder / "day.mseed", format="MSEED", reclen=512)
    shutil.copy(SIGNAL_DATA / "IUANMO.xml", folder)
    return folder


def noise(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["noise", *map(str, arguments)])


def test_percentiles_are_those_of_ppsd(station: Path) -> None:
    """Windows begin at the half hours and not at the first sample, 70 ms later: the levels are the same."""
    result = noise(station, "--format", "json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["noise"]
    (trace,) = obspy.read(SIGNAL_DATA / "IUANMO.seed")
    ppsd = PPSD(trace.stats, obspy.read_inventory(SIGNAL_DATA / "IUANMO.xml"))
    ppsd.add(trace)
    assert {row["channel"] for row in rows} == {"IU.ANMO.00.LHZ"}
    assert {row["n_windows"] for row in rows} == {47}
    for percent in (5, 50, 95):
        # of the windows' levels: get_percentile answers with the lower ends of bins of 1 dB
        theirs = np.percentile(ppsd.psd_values, percent, axis=0)
        ours = np.array([row[f"p{percent:02d}_db"] for row in rows])
        assert np.abs(ours - theirs).max() < 0.0051  # given to 0.01 dB
    (row,) = (row for row in rows if row["period_s"] == 8.0)
    assert row["low_noise_db"] < row["p05_db"] <= row["p50_db"] <= row["p95_db"] < row["high_noise_db"]


def test_the_picture_is_drawn(station: Path, tmp_path: Path) -> None:
    result = noise(station, "IU.*.*.LHZ", "--plot", tmp_path / "new" / "pictures")
    assert result.exit_code == 0, result.output
    (picture,) = (tmp_path / "new" / "pictures").iterdir()
    assert picture.name == "IU.ANMO.00.LHZ.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in result.stderr


def test_what_cannot_be_shown_says_why(station: Path, tmp_path: Path) -> None:
    shutil.copy(station / "day.mseed", tmp_path)
    bare = noise(tmp_path)
    assert bare.exit_code == 0
    assert "IU.ANMO.00.LHZ: no metadata of this time" in bare.output
    short = noise(station, "--start", "2010-01-01T10:00:00", "--end", "2010-01-01T10:20:00")
    assert "IU.ANMO.00.LHZ: no window of an hour is without a gap" in short.output
    other = noise(station, "XX.*.*.*")
    assert other.exit_code == 2
    assert "no channel matches XX.*.*.*" in other.output
