"""Channels of strong-motion files that name none: by FDSN's letters, or none at all."""

from __future__ import annotations

import pytest

from engineering.formats.channels import name_channels


@pytest.mark.parametrize(
    ("azimuths", "expected"),
    [
        ([360.0, None, 90.0], ["HNN", "HNZ", "HNE"]),
        ([4.0, 94.0], ["HNN", "HNE"]),
        ([356.0, 86.0, None], ["HNN", "HNE", "HNZ"]),
        ([196.0, 106.0, None], ["HN1", "HN2", "HNZ"]),  # as WPWS
        ([180.0, 90.0, None], ["HN1", "HN2", "HNZ"]),  # south is not north
        ([0.0, 2.0], ["HN1", "HN2"]),
        ([None], ["HNZ"]),
        ([None, None, 0.0], None),
        ([0.0, 90.0, None, 0.0], None),  # a building
    ],
)
def test_orientation_is_told_by_azimuth(azimuths: list[float | None], expected: list[str] | None) -> None:
    found = name_channels("CE", "89146", "", 200.0, azimuths)
    assert [one and one.channel for one in found] == (expected or [None] * len(azimuths))


@pytest.mark.parametrize(
    ("rate_hz", "letter"),
    [(1000, "F"), (500, "C"), (250, "C"), (200, "H"), (100, "H"), (80, "H"), (50, "B"), (10, "B")],
)
def test_band_is_told_by_rate(rate_hz: float, letter: str) -> None:
    """FDSN Source Identifiers 1.0, channel codes: bounds belong to the higher band, also where 1/0.004 is rounded."""
    for rate in (rate_hz, 1 / (1 / rate_hz)):
        (found,) = name_channels("NZ", "WPWS", "20", rate, [None])
        assert str(found) == f"NZ.WPWS.20.{letter}NZ"


@pytest.mark.parametrize(
    ("network", "station", "rate_hz"), [(None, "A", 100), ("CE", "no code", 100), ("CE", "A", 0.1)]
)
def test_what_is_not_known_is_not_guessed(network: str | None, station: str, rate_hz: float) -> None:
    assert name_channels(network, station, "", rate_hz, [0.0, 90.0, None]) == [None] * 3
