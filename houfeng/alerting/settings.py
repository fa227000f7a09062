"""What an operator decides about who is told of alerts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from acquisition import secret
from houfeng.checks import need, port, positive
from stations.alerts.words import Action, Severity

_MAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_NETWORK = re.compile(r"[A-Z0-9]{1,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail server that takes alerts.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    host: str = "localhost"
    port: int = 25
    security: Literal["none", "starttls", "tls"] = "none"
    tls_ca_file: str = ""
    user: str = ""
    secret: str = ""
    sender: str = "houfeng@localhost"

    def __post_init__(self) -> None:
        need(bool(self.host), "smtp.host", "a mail server", "an empty text")
        port("smtp.port", self.port)
        need(bool(_MAIL.fullmatch(self.sender)), "smtp.sender", "an address such as houfeng@example.org", self.sender)
        need(bool(self.user) == bool(self.secret), "smtp.user, smtp.secret", "both or neither", "one")
        need(
            not (self.tls_ca_file and self.security == "none"), "smtp.security", "'starttls' or 'tls' with tls_ca_file",
            "'none'",
        )  # fmt: skip
        # a password in clear text goes nowhere but to this computer
        plain = self.user and self.security == "none" and self.host not in ("localhost", "127.0.0.1", "::1")
        need(not plain, "smtp.security", "'starttls' or 'tls' for a log-in at another computer", "'none'")
        if self.secret:
            secret.check_place(self.secret, "smtp.secret")

    def resolved(self, folder: Path) -> SmtpSettings:
        """The same settings with relative paths taken from `folder`."""
        return replace(
            self,
            tls_ca_file=str(folder / self.tls_ca_file) if self.tls_ca_file else "",
            secret=secret.resolved(self.secret, folder) if self.secret else "",
        )


@dataclass(frozen=True, slots=True)
class RecipientSettings:
    """Somebody, or a program, that is told of alerts.

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    name: str
    kind: Literal["email", "webhook", "command"]
    address: str | None = None
    command: tuple[str, ...] = ()
    secret: str = ""
    countries: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    severity: Literal["minor", "major", "critical"] = "minor"
    steps: tuple[str, ...] = ("opened", "escalated", "closed")

    def __post_init__(self) -> None:
        need(bool(self.name.strip()), "recipient.name", "a name", "an empty text")
        key = f"recipient[{self.name}]"
        self._check_address(key)
        for country in self.countries:
            good = bool(_COUNTRY.fullmatch(country))
            need(good, f"{key}.countries", "two capital letters (ISO 3166 alpha-2)", repr(country))
        for network in self.networks:
            need(bool(_NETWORK.fullmatch(network)), f"{key}.networks", "a network code such as KR", repr(network))
        need(bool(self.steps), f"{key}.steps", "at least one step", "none")
        for step in self.steps:
            need(step in list(Action), f"{key}.steps", f"one of {', '.join(Action)}", repr(step))

    @property
    def to(self) -> str:
        """Mail address or URL; "" of a command."""
        return self.address or ""

    @property
    def least(self) -> Severity:
        """Alerts below this are not for it."""
        return Severity(self.severity)

    def resolved(self, folder: Path) -> RecipientSettings:
        """The same settings with relative paths taken from `folder`."""
        return replace(self, secret=secret.resolved(self.secret, folder)) if self.secret else self

    def _check_address(self, key: str) -> None:
        address = self.address or ""
        if self.kind == "email":
            good, needed = bool(_MAIL.fullmatch(address)), "an address such as duty@example.org"
        elif self.kind == "webhook":
            parts = urlsplit(address)
            # a password in it would be in every printout of the configuration
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
            needed = "a URL such as https://example.org/alerts, without password"
        else:
            good, needed = self.address is None, "no address with kind = 'command'"
        need(good, f"{key}.address", needed, "none" if self.address is None else repr(self.address))
        has_command = bool(self.command) and bool(self.command[0])
        only = "a program and its arguments" if self.kind == "command" else f"none with kind = {self.kind!r}"
        need(has_command == (self.kind == "command"), f"{key}.command", only, list(self.command))
        need(not self.secret or self.kind == "webhook", f"{key}.secret", "kind = 'webhook'", repr(self.kind))
        if self.secret:
            secret.check_place(self.secret, f"{key}.secret")


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How a delivery is tried.

    Parameters
    ----------
    retry_min_s, retry_max_s : pause after the first failure, and the longest; each is twice the one before
    give_up_after_s : after the step
    timeout_s : longest time that one try may take
    """

    retry_min_s: float = 10.0
    retry_max_s: float = 900.0
    give_up_after_s: float = 86_400.0
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        positive(self, "retry_min_s", "retry_max_s", "give_up_after_s", "timeout_s", where="delivery.")
        longest, least = self.retry_max_s, self.retry_min_s
        need(longest >= least, "delivery.retry_max_s", f"at least delivery.retry_min_s = {least:g} s", f"{longest:g}")
