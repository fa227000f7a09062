"""What an operator decides about FDSN web services."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.checks import channel_patterns, not_negative, positive
from houfeng.errors import ConfigError

_BACKFILL_KEYS = ("request_channel_hours", "lookback_h", "delay_h", "interval_s")


@dataclass(frozen=True, slots=True)
class FdsnSettings:
    """One FDSN web service and how much patience it gets.

    Parameters
    ----------
    address : of the data centre, `https://geofon.gfz.de`, or a name that ObsPy knows, `GFZ`
    silence_s : a request is given up after so long without a byte, seconds
    deadline_s : and after so long in all, seconds
    tries : requests for the same samples that bring nothing before they are given up
    retry_min_s, retry_max_s : first and longest pause after a failure, seconds; it doubles with every failure
    max_wait_s : longest pause a server may ask for (Retry-After); one that asks for more is left alone, seconds
    request_channel_hours : most data of one request; 24 are one channel for a day, about 9 MB at 100 Hz
    streams : NET.STA.LOC.CHA patterns of the channels whose gaps are filled; * and ? allowed
    lookback_h, delay_h : gaps are filled that are younger than the first and older than the second, hours
    interval_s : time between two searches for gaps, seconds
    refresh_h : age at which StationXML of the channels is fetched anew, hours; 0 for never

    Raises
    ------
    ConfigError : if the address is empty or a value is not positive
    """

    address: str
    silence_s: float = 60.0
    deadline_s: float = 900.0
    tries: int = 4
    retry_min_s: float = 2.0
    retry_max_s: float = 120.0
    max_wait_s: float = 900.0
    request_channel_hours: float = 24.0
    streams: tuple[str, ...] = ("*.*.*.*",)
    lookback_h: float = 168.0
    delay_h: float = 1.0
    interval_s: float = 600.0
    refresh_h: float = 0.0

    def __post_init__(self) -> None:
        if not self.address:
            raise ConfigError("fdsn.address: https://HOST or the name of a data centre is needed, an empty text came")
        where = f"fdsn[{self.address}]."
        positive(self, "silence_s", "deadline_s", "tries", "retry_min_s", "retry_max_s", "max_wait_s", where=where)
        positive(self, *_BACKFILL_KEYS, where=where)
        not_negative(self, "refresh_h", where=where)
        channel_patterns(f"{where}streams", self.streams)
        if self.lookback_h <= self.delay_h:
            raise ConfigError(
                f"{where}lookback_h: more than delay_h ({self.delay_h:g} h) is needed, or no gap is "
                f"ever old enough; {self.lookback_h:g} h came"
            )
