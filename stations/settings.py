"""What a person may set about stations and their health; every key is explained in configs/default.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass

from houfeng.checks import above, channel_patterns, need, not_negative, positive, within
from houfeng.codes import SourceId
from houfeng.errors import SourceIdError

# After SeisNetWatch. `off` is not evaluated; telemetry-only is judged by latency and gaps alone; only `full`
# raises alerts.
USAGES = ("full", "evaluation", "telemetry-only", "off", "maintenance")

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CODE = re.compile(r"[A-Z0-9?*]{1,3}", re.ASCII)
# Limits of which BAD is the higher one, and the lower one.
_RISING = (
    *("total_latency_{}_s", "feed_latency_{}_s", "gaps_{}_per_hour", "mass_{}_v", "clock_error_{}_s"),
    *("spikes_{}_per_hour", "rms_{}_db", "above_nhnm_{}_percent", "temperature_{}_c", "buffer_{}_percent"),
)
_FALLING = ("availability_{}_percent", "timing_quality_{}_percent", "supply_{}_v", "dead_lin_{}_db", "satellites_{}")


@dataclass(frozen=True, slots=True)
class InventorySettings:
    """Where the StationXML is: file names or globs."""

    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in self.files:
            need(bool(pattern.strip()), "inventory.files", "a file name or glob", repr(pattern))


@dataclass(frozen=True, slots=True)
class AgencySettings:
    """Who runs stations, and how to reach them.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    code: str
    name: str = ""
    country: str = ""
    contact: str = ""

    def __post_init__(self) -> None:
        need(bool(self.code.strip()), "agency.code", "a short name such as KNDC", repr(self.code))
        _country(f"agency[{self.code}].country", self.country)
        if not self.name:
            object.__setattr__(self, "name", self.code)


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """A network: what it is called, and who runs it.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    code: str
    name: str = ""
    agency: str = ""

    def __post_init__(self) -> None:
        good = _is_station_id(f"{self.code}.X") and "." not in self.code
        need(good, "network.code", "a network code such as KR", repr(self.code))


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """One station as the configuration has it: overrides StationXML, or stands in for it.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    code: str
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    elevation_m: float | None = None
    name: str = ""
    country: str = ""
    usage: str = "full"
    agency: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        key = f"station[{self.code}]"
        need(_is_station_id(self.code), "station.code", "NETWORK.STATION such as BW.UH1", repr(self.code))
        placed = (self.latitude_deg is None) == (self.longitude_deg is None)
        need(placed, f"{key}.latitude_deg, longitude_deg", "both or neither", "one")
        within(f"{key}.latitude_deg", self.latitude_deg, -90, 90)
        within(f"{key}.longitude_deg", self.longitude_deg, -180, 180)
        within(f"{key}.elevation_m", self.elevation_m, -11_000, 9_000)
        _country(f"{key}.country", self.country)
        need(self.usage in USAGES, f"{key}.usage", f"one of {', '.join(USAGES)}", repr(self.usage))


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Limits of the status rule; a value must pass the limit, not just reach it, to count.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    total_latency_warn_s: float = 60.0
    total_latency_bad_s: float = 120.0
    feed_latency_warn_s: float = 120.0
    feed_latency_bad_s: float = 600.0
    future_bad_s: float = 60.0
    gaps_warn_per_hour: float = 1.0
    gaps_bad_per_hour: float = 12.0
    overlaps_warn_per_hour: float = 1.0
    spikes_warn_per_hour: float = 1.0
    spikes_bad_per_hour: float = 20.0
    availability_warn_percent: float = 98.0
    availability_bad_percent: float = 90.0
    availability_min_watch_s: float = 600.0
    timing_quality_warn_percent: float = 70.0
    timing_quality_bad_percent: float = 50.0
    mean_warn_counts: float = 5e5
    pegged_mean_counts: float = 6e6
    pegged_rms_counts: float = 1000.0
    full_scale_counts: float = 2.0**23
    clipping_bad_percent: float = 1.0
    rms_warn_db: float = 20.0
    rms_bad_db: float = 40.0
    rms_least_days: int = 3
    above_nhnm_warn_percent: float = 20.0
    above_nhnm_bad_percent: float = 90.0
    below_nlnm_warn_percent: float = 20.0
    dead_lin_warn_db: float = 3.0
    dead_lin_bad_db: float = 2.25
    dead_gsn_bad_db: float = 5.0
    unique_warn_values: float = 200.0
    low_rms_warn_counts: float = 25.0
    cross_talk_warn_correlation: float = 0.9
    inverted_warn_correlation: float = 0.5
    broadband_channels: tuple[str, ...] = ("BH?", "CH?", "FH?", "HH?", "LH?")
    noise_model_channels: tuple[str, ...] = ("?H?", "?P?")
    hour_stale_s: float = 1800.0
    day_stale_days: float = 3.0
    supply_warn_v: float = 11.5
    supply_bad_v: float = 11.0
    mass_warn_v: float = 2.5
    mass_bad_v: float = 4.0
    clock_error_warn_s: float = 0.005
    clock_error_bad_s: float = 0.1
    temperature_warn_c: float = 50.0
    temperature_bad_c: float = 65.0
    satellites_warn: float = 4.0
    satellites_bad: float = 1.0
    buffer_warn_percent: float = 50.0
    buffer_bad_percent: float = 90.0
    required_channels: tuple[str, ...] = ()
    flapping_per_hour: int = 4
    enter_evaluations: int = 2
    leave_evaluations: int = 3
    leave_s: float = 600.0

    def __post_init__(self) -> None:
        channel_patterns("health.required_channels", self.required_channels)
        for name in ("broadband_channels", "noise_model_channels"):
            for code in getattr(self, name):
                need(_CODE.fullmatch(code) is not None, f"health.{name}", "channel codes such as HH?", repr(code))
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, tuple):
                continue
            is_positive = isinstance(value, int | float) and 0 < value < float("inf")
            zero_allowed = "_per_hour" in name and value == 0
            need(is_positive or zero_allowed, f"health.{name}", "a number above 0", repr(value))
            need("_percent" not in name or value <= 100, f"health.{name}", "at most 100 %", repr(value))
            need("correlation" not in name or value <= 1, f"health.{name}", "a correlation of at most 1", repr(value))
        for name in _RISING:
            self._ordered(name.format("warn"), name.format("bad"))
        for name in _FALLING:
            self._ordered(name.format("bad"), name.format("warn"))

    def _ordered(self, low: str, high: str) -> None:
        least, value = getattr(self, low), getattr(self, high)
        need(least <= value, f"health.{high}", f"at least health.{low} = {least:g}", f"{value:g}")


def _country(key: str, code: str) -> None:
    known = not code or _COUNTRY.fullmatch(code) is not None
    need(known, key, "two capital letters (ISO 3166 alpha-2)", repr(code))


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """What is measured on the archive, how often, and how long it is kept.

    Parameters
    ----------
    interval_s : between two looks at what was archived, seconds; 0 for never
    minutes_days, hours_days : how long rows of a minute and of an hour are kept, days of data; days stay for ever
    noise_interval_h : between two looks for days whose noise is to be made, hours; 0 for never
    noise_delay_h : how long after the end of a day that is, hours

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    interval_s: float = 300.0
    minutes_days: float = 14.0
    hours_days: float = 730.0
    noise_interval_h: float = 24.0
    noise_delay_h: float = 1.0

    def __post_init__(self) -> None:
        not_negative(self, "interval_s", "noise_interval_h", "noise_delay_h", where="metrics.")
        positive(self, "minutes_days", where="metrics.")
        above(self, "hours_days", "minutes_days", where="metrics.")


def _is_station_id(code: str) -> bool:
    try:
        return SourceId.parse(f"{code}..HHZ").station_id == code
    except SourceIdError:
        return False
