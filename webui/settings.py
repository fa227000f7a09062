"""What an operator decides about the web page."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.errors import ConfigError


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the page listens and what it says at the top.

    Raises
    ------
    ConfigError : if the port is not one, or the address is empty
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8080
    notice: str = ""

    def __post_init__(self) -> None:
        if not self.host:
            raise ConfigError("web.host: an address is needed, such as 127.0.0.1; an empty text came")
        if not 0 < self.port < 65536:
            raise ConfigError(f"web.port: 1 to 65535 is needed, {self.port} came")
