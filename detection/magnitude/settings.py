"""What a network may tune about magnitudes; validated where it is made."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.checks import above, need, not_negative, positive
from houfeng.codes import SourceId
from houfeng.errors import SourceIdError

# What can be measured. Mw(Mwp) and K follow from others.
MEASURED = ("ML", "mb", "Mwp", "Md")
# The order in which one is preferred.
PREFERENCE = ("Mw(Mwp)", "ML", "mb", "Md")

# Station (NET.STA), kind, and what is added to what its amplitude gives.
Correction = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class MagnitudeSettings:
    """Which magnitudes are measured, and how; configs/default.toml explains each key.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    kinds: tuple[str, ...] = MEASURED
    min_stations: int = 3
    max_scatter: float = 0.6
    max_error_km: float = 50.0
    min_snr: float = 3.0
    noise_s: float = 20.0
    corrections: tuple[Correction, ...] = ()
    ml_log: float = 1.11
    ml_per_km: float = 0.00189
    ml_constant: float = -2.09
    ml_nearest_km: float = 10.0
    ml_farthest_km: float = 700.0
    ml_lowest_hz: float = 0.2
    ml_slowest_km_s: float = 2.5
    ml_after_s: float = 15.0
    mb_window_s: float = 60.0
    mwp_window_s: float = 120.0
    mwp_p_km_s: float = 7.9
    mwp_density_kg_m3: float = 3400.0
    mwp_smallest: float = 5.5
    mwp_least_ml: float = 5.0
    md_constant: float = -0.87
    md_log: float = 2.0
    md_per_km: float = 0.0035
    md_coda_ratio: float = 2.0
    md_min_snr: float = 10.0
    md_longest_s: float = 120.0
    md_farthest_km: float = 400.0
    k_slope: float = 1.8
    k_constant: float = 4.0

    def __post_init__(self) -> None:
        for kind in self.kinds:
            need(kind in (*MEASURED, "K"), "kinds", f"{', '.join(MEASURED)} or K", repr(kind))
        need(self.min_stations >= 1, "min_stations", "1 or more", self.min_stations)
        positive(
            self, "max_scatter", "min_snr", "noise_s", "ml_nearest_km", "ml_lowest_hz", "ml_slowest_km_s", "mb_window_s"
        )
        positive(self, "mwp_window_s", "mwp_p_km_s", "mwp_density_kg_m3", "md_longest_s", "md_farthest_km", "k_slope")
        not_negative(self, "ml_after_s")
        above(self, "ml_farthest_km", "ml_nearest_km")
        need(self.md_coda_ratio > 1, "md_coda_ratio", "more than 1", f"{self.md_coda_ratio:g}")
        above(self, "md_min_snr", "md_coda_ratio")
        for station_id, kind, _ in self.corrections:
            need(_is_station(station_id), "corrections", "NETWORK.STATION such as BW.UH1", repr(station_id))
            need(kind in MEASURED, "corrections", f"one of {', '.join(MEASURED)}", repr(kind))

    def correction(self, station_id: str, kind: str) -> float:
        """What is added to a station's magnitudes of a kind."""
        return sum(value for station, of, value in self.corrections if (station, of) == (station_id, kind))


def _is_station(station_id: str) -> bool:
    try:
        return SourceId.parse(f"{station_id}..HHZ").station_id == station_id
    except SourceIdError:
        return False
