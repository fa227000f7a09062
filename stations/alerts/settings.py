"""What an operator decides about when alerts are raised."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.checks import need, not_negative, positive


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """When a station, or what several stations have in common, is an alert.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    enabled: bool = True
    open_after_s: float = 120.0
    common_within_s: float = 120.0
    common_share_percent: float = 50.0
    common_min_stations: int = 3
    flapping_per_hour: int = 4
    escalate_after_s: float = 3600.0

    def __post_init__(self) -> None:
        positive(self, "common_within_s", "common_share_percent", "flapping_per_hour", where="alerts.")
        not_negative(self, "open_after_s", "escalate_after_s", where="alerts.")
        share, n_least = self.common_share_percent, self.common_min_stations
        need(share <= 100, "alerts.common_share_percent", "at most 100 %", f"{share:g}")
        need(n_least >= 2, "alerts.common_min_stations", "at least 2", n_least)
