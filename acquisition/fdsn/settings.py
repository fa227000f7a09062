"""What an operator decides about FDSN web services."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from acquisition import secret
from houfeng.checks import channel_patterns, need, not_negative, positive
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
    auth : how restricted records are asked for: not at all, with a user's password, or with an EIDA token
    user : for a password
    secret : where the password or the token is, `env:NAME` or `file:PATH`

    Raises
    ------
    ConfigError : if the address is empty, a value is not positive, or keys contradict each other
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
    auth: Literal["none", "userpass", "eida"] = "none"
    user: str = ""
    secret: str = ""

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
        self._check_access(where)

    def resolved(self, folder: Path) -> FdsnSettings:
        """The same settings with relative paths taken from `folder`."""
        return replace(self, secret=secret.resolved(self.secret, folder))

    def _check_access(self, where: str) -> None:
        if self.auth == "none":
            has_none = not (self.user or self.secret)
            need(has_none, f"{where}user, secret", "auth = 'userpass' or 'eida' with these", "auth = 'none'")
            return
        secret.check_place(self.secret, f"{where}secret")
        if self.auth == "userpass":
            need(bool(self.user), f"{where}user", "a name", "an empty text")
            return
        need(not self.user, f"{where}user", "none with auth = 'eida'", "one")
        # the token is all that is needed to read what its owner may read
        need(
            not self.address.lower().startswith("http://"), f"{where}address", "https:// with auth = 'eida'", "http://"
        )
