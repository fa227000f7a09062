"""What is simulated; validated where it is made."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.checks import above, need, not_negative, positive

MARKER = "SYNTHETIC.txt"
LONGEST_H = 24.0


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """A synthetic day, or a part of one.

    Parameters
    ----------
    start_ns : first sample, ns UTC
    hours : how long, at most 24
    n_events : earthquakes
    smallest, largest : ML; sizes between follow Gutenberg and Richter with b = 1
    noise : where the sites' noise lies between Peterson's low (0) and high (1) noise model, in dB; each site within 0.1
    bursts_per_hour : disturbances at one station, which are no earthquakes
    gaps_per_hour : of a station's record, up to a minute each
    rate_hz : samples per second
    seed : the same seed gives the same bytes

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    start_ns: int
    hours: float = 1.0
    n_events: int = 10
    smallest: float = 1.5
    largest: float = 4.5
    noise: float = 0.4
    bursts_per_hour: float = 4.0
    gaps_per_hour: float = 0.5
    rate_hz: float = 50.0
    seed: int = 1

    def __post_init__(self) -> None:
        positive(self, "hours", "rate_hz")
        need(self.hours <= LONGEST_H, "hours", f"{LONGEST_H:g} or less", f"{self.hours:g}")
        need(20 <= self.rate_hz <= 200, "rate_hz", "20 to 200 Hz", f"{self.rate_hz:g}")
        need(0 <= self.noise <= 1, "noise", "0 (low noise model) to 1 (high noise model)", f"{self.noise:g}")
        need(self.n_events >= 0, "n_events", "0 or more", self.n_events)
        need(self.seed >= 0, "seed", "0 or more", self.seed)
        above(self, "largest", "smallest")
        not_negative(self, "bursts_per_hour", "gaps_per_hour")
        need(self.hours * 3600 > 2 * EDGE_S, "hours", f"more than {2 * EDGE_S / 3600:g}", f"{self.hours:g}")


# No earthquake begins this close to the ends of the records: it could not be seen whole.
EDGE_S = 120.0
