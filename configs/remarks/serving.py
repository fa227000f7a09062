"""Remarks on where data go: the SeedLink server and the web page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from configs.patterns import meet, station_of
from configs.remarks.remark import Level, Remark, changed_keys
from configs.settings import Settings
from webui.settings import is_loopback


def idle(settings: Settings) -> Iterator[Remark]:
    """Settings of services that do not run."""
    if not settings.web.enabled:
        for key in changed_keys(settings.web):
            if key != "enabled":
                text = "has no effect on `houfeng run` while web.enabled = false; `houfeng serve web` heeds it"
                yield Remark(Level.NOTE, f"web.{key}", text)
    served = settings.seedlink_server
    if not served.enabled:
        for key in changed_keys(served):
            alone = "" if key == "history_h" else "; `houfeng serve seedlink` heeds it"
            text = f"has no effect on `houfeng run` while seedlink_server.enabled = false{alone}"
            yield Remark(Level.NOTE, f"seedlink_server.{key}", text)
    if "tls_port" in changed_keys(served) and not served.tls_certificate:
        text = "has no effect while tls_certificate is empty: nothing listens there"
        yield Remark(Level.WARNING, "seedlink_server.tls_port", text)


def ports(settings: Settings) -> Iterator[Remark]:
    """Two services of this configuration on one port of one address."""
    listeners = []
    if settings.web.enabled:
        listeners.append(("web.port", settings.web.host, settings.web.port))
    served = settings.seedlink_server
    if served.enabled:
        listeners.append(("seedlink_server.port", served.host, served.port))
        if served.tls_certificate:
            listeners.append(("seedlink_server.tls_port", served.host, served.tls_port))
    if settings.daemon.probe:
        listeners.append(("daemon.probe_port", settings.daemon.probe_host, settings.daemon.probe_port))
    for (one, host, port), (other, other_host, other_port) in combinations(listeners, 2):
        shared = host == other_host or {host, other_host} & {"0.0.0.0", "::"}
        if port == other_port and shared:
            yield Remark(Level.ERROR, other, f"{port} is taken by {one}: only one of them can listen there")


def exposed(settings: Settings) -> Iterator[Remark]:
    """Services that other computers reach."""
    web, served = settings.web, settings.seedlink_server
    if web.enabled and not is_loopback(web.host):
        if not web.proxies:
            text = f"{web.host}: unencrypted: other computers can read the page, but not sign in; see web.proxies"
            yield Remark(Level.WARNING, "web.host", text)
        if web.reading == "public":
            yield Remark(Level.NOTE, "web.reading", "everybody who reaches the page may read it")
    if served.enabled and not is_loopback(served.host) and not served.access:
        text = (
            f"{served.host}: other computers get the records of every station; [[seedlink_server.access]] limits that"
        )
        yield Remark(Level.NOTE, "seedlink_server.host", text)


def access(settings: Settings) -> Iterator[Remark]:
    """Rules of access that say nothing."""
    wanted = [station_of(pattern) for server in settings.seedlink for pattern in server.streams]
    for n, rule in enumerate(settings.seedlink_server.access, 1):
        key = f"seedlink_server.access[{n}]"
        if not rule.stations:
            yield Remark(Level.WARNING, f"{key}.stations", "has no effect: no station is named")
        if not rule.addresses:
            yield Remark(Level.NOTE, f"{key}.addresses", "none is named: nobody may see these stations")
        for pattern in rule.stations:
            if wanted and not any(meet(pattern, station) for station in wanted):
                text = f"no [[seedlink]] asks for {pattern}; a station that no rule names is for everybody"
                yield Remark(Level.WARNING, f"{key}.stations", text)
