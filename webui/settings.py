"""What an operator decides about the web page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from houfeng.checks import need, port, positive
from houfeng.errors import ConfigError
from webui import zone_names


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the page listens, who may read it, and what it says at the top.

    Raises
    ------
    ConfigError : if the port is not one, the address is empty, the cache is of less than 1 MiB, the time zone is none,
        a notice is there in translation only, or other computers would reach a page of which nobody said who reads it
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8080
    reading: Literal["loopback", "public", "accounts"] = "loopback"
    proxies: int = 0
    session_h: float = 12.0
    session_key_file: str = ""
    notice: str = ""
    notice_zh: str = ""
    notice_ru: str = ""
    time_zone: str = ""
    cache_path: str = "cache"
    cache_mib: int = 1024
    replay_path: str = ""
    projects_path: str = ""
    reports_path: str = "reports"

    def __post_init__(self) -> None:
        need(bool(self.host), "web.host", "an address such as 127.0.0.1", "an empty text")
        if not self.notice and (self.notice_zh or self.notice_ru):
            raise ConfigError("web.notice: the text for all languages is needed beside notice_zh and notice_ru")
        port("web.port", self.port)
        need(self.cache_mib > 0, "web.cache_mib", "1 MiB or more", f"{self.cache_mib:g}")
        need(bool(self.reports_path), "web.reports_path", "a folder", "an empty text")
        what = "an IANA name such as Asia/Almaty, or nothing for the browser's own"
        need(not self.time_zone or zone_names.known(self.time_zone), "web.time_zone", what, self.time_zone)
        positive(self, "session_h", where="web.")
        need(0 <= self.proxies <= 8, "web.proxies", "0 to 8", self.proxies)
        if self.reading == "loopback" and not is_loopback(self.host):
            raise ConfigError(
                f'web.reading: other computers reach {self.host}: "public", for everybody who does, or "accounts", for '
                "those whom `houfeng users add` made one, is needed"
            )

    def resolved(self, folder: Path) -> WebSettings:
        """The same settings with relative paths taken from `folder`."""
        key_file = str(folder / self.session_key_file) if self.session_key_file else ""
        replays = str(folder / self.replay_path) if self.replay_path else ""
        projects = str(folder / self.projects_path) if self.projects_path else ""
        cache, reports = str(folder / self.cache_path), str(folder / self.reports_path)
        kept = replace(self, session_key_file=key_file, cache_path=cache, reports_path=reports)
        return replace(kept, replay_path=replays, projects_path=projects)

    def notice_in(self, language: str) -> str:
        """The notice for readers of `en`, `zh` or `ru`."""
        return {"zh": self.notice_zh, "ru": self.notice_ru}.get(language) or self.notice


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
