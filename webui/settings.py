"""What an operator decides about the web page."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.checks import need, port
from houfeng.errors import ConfigError


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the page listens and what it says at the top.

    Raises
    ------
    ConfigError : if the port is not one, the address is empty, the cache is of less than 1 MiB, or a notice is there in
        translation only
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8080
    notice: str = ""
    notice_zh: str = ""
    notice_ru: str = ""
    cache_path: str = "cache"
    cache_mib: int = 1024

    def __post_init__(self) -> None:
        need(bool(self.host), "web.host", "an address such as 127.0.0.1", "an empty text")
        if not self.notice and (self.notice_zh or self.notice_ru):
            raise ConfigError("web.notice: the text for all languages is needed beside notice_zh and notice_ru")
        port("web.port", self.port)
        need(self.cache_mib > 0, "web.cache_mib", "1 MiB or more", f"{self.cache_mib:g}")

    def notice_in(self, language: str) -> str:
        """The notice for readers of `en`, `zh` or `ru`."""
        return {"zh": self.notice_zh, "ru": self.notice_ru}.get(language) or self.notice
