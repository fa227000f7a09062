"""Remarks on where data come from: SeedLink servers and data centres."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from acquisition.settings import OBSPY_LIMITS, SeedLinkSettings
from configs.patterns import any_meets, channels_meet, station_of
from configs.remarks.remark import Level, Remark, changed_keys
from configs.settings import Settings
from houfeng.times import now_ns

# As the SeedLink 4 specification has them.
_PLAIN_PORT, _TLS_PORT = 18000, 18500


def seedlink(settings: Settings) -> Iterator[Remark]:
    """Remarks on each server alone."""
    for server in settings.seedlink:
        key = f"seedlink[{server.name}]"
        for remark in server.remarks:
            is_limit = remark in OBSPY_LIMITS
            level = Level.NOTE if is_limit else Level.WARNING
            yield Remark(level, f"{key}.client" if is_limit else f"{key}.secret", remark)
        yield from _times(server, key)
        yield from _window(server, key)
        if server.tls and server.port == _PLAIN_PORT:
            text = f"TLS is asked for on port {_PLAIN_PORT}, where servers listen without; most have it on {_TLS_PORT}"
            yield Remark(Level.WARNING, f"{key}.tls", text)
        if not server.tls and server.port == _TLS_PORT:
            yield Remark(Level.WARNING, f"{key}.tls", f"servers on port {_TLS_PORT} mostly want TLS: set tls = true")


def _times(server: SeedLinkSettings, key: str) -> Iterator[Remark]:
    if server.client == "obspy" and "retry_min_s" in changed_keys(server):
        text = "has no effect with client = 'obspy', which waits retry_max_s every time"
        yield Remark(Level.WARNING, f"{key}.retry_min_s", text)
    elif server.retry_min_s > server.retry_max_s:
        text = f"has no effect: no pause is longer than retry_max_s = {server.retry_max_s:g} s"
        yield Remark(Level.WARNING, f"{key}.retry_min_s", text)
    if server.silent_s <= server.idle_timeout_s:
        text = (
            f"{server.silent_s:g} s are no longer than idle_timeout_s = {server.idle_timeout_s:g} s: when the whole "
            "server falls silent, each of its streams is reported"
        )
        yield Remark(Level.WARNING, f"{key}.silent_s", text)


def _window(server: SeedLinkSettings, key: str) -> Iterator[Remark]:
    t_ns = now_ns()
    if server.begin_ns is not None and server.begin_ns > t_ns:
        text = f"is in the future: nothing is taken of a new station before {server.begin}"
        yield Remark(Level.NOTE, f"{key}.begin", text)
    if server.end_ns is not None and server.end_ns < t_ns:
        text = "is over: what the server still holds from before is fetched, then it is left"
        yield Remark(Level.WARNING, f"{key}.end", text)
    if server.end and not server.begin:
        text = "without begin, all that the server holds until then is taken of a new station"
        yield Remark(Level.NOTE, f"{key}.end", text)


def together(settings: Settings) -> Iterator[Remark]:
    """Remarks on servers, and data centres, that have channels in common; and on having none at all."""
    for first, second in combinations(settings.seedlink, 2):
        common = [pattern for pattern in second.streams if any_meets(pattern, first.streams)]
        if common:
            text = (
                f"{_listed(common)} may also come from seedlink[{first.name}]: equal records are archived once, "
                "others are all kept, and station health counts what comes again as overlaps"
            )
            yield Remark(Level.NOTE, f"seedlink[{second.name}].streams", text)
    for one, other in combinations(settings.fdsn, 2):
        common = [pattern for pattern in other.streams if any_meets(pattern, one.streams)]
        if common:
            text = f"gaps of {_listed(common)} may be asked of fdsn[{one.address}] as well, at the same time"
            yield Remark(Level.NOTE, f"fdsn[{other.address}].streams", text)
    if not settings.seedlink:
        yield Remark(Level.NOTE, "seedlink", "no server is named: `houfeng run` receives nothing")


def fdsn(settings: Settings) -> Iterator[Remark]:
    """Remarks on each data centre."""
    wanted = [pattern for server in settings.seedlink for pattern in server.streams]
    for service in settings.fdsn:
        key = f"fdsn[{service.address}]"
        for pattern in service.streams:
            if wanted and not any_meets(pattern, wanted):
                text = f"no [[seedlink]] asks for {pattern}: only gaps of channels that are received are filled"
                yield Remark(Level.WARNING, f"{key}.streams", text)
        if service.delay_h < 1.0:
            text = f"{service.delay_h:g} h: what a data centre does not have yet is asked for again an hour later"
            yield Remark(Level.NOTE, f"{key}.delay_h", text)
        if service.interval_s > 3600 * (service.lookback_h - service.delay_h):
            text = f"{service.interval_s:g} s: a gap may be older than lookback_h before it is looked for"
            yield Remark(Level.WARNING, f"{key}.interval_s", text)
        if service.silence_s >= service.deadline_s:
            text = f"has no effect: a request is given up after deadline_s = {service.deadline_s:g} s in all"
            yield Remark(Level.WARNING, f"{key}.silence_s", text)
        if service.retry_min_s > service.retry_max_s:
            text = f"has no effect: no pause is longer than retry_max_s = {service.retry_max_s:g} s"
            yield Remark(Level.WARNING, f"{key}.retry_min_s", text)


def stations(settings: Settings) -> Iterator[Remark]:
    """Remarks on stations that nobody sends, and on those that come though they are off."""
    wanted = {station_of(pattern) for server in settings.seedlink for pattern in server.streams}
    for site in settings.station:
        comes = any(channels_meet(f"{site.code}.*.*", f"{pattern}.*.*") for pattern in wanted)
        if wanted and not comes and site.usage != "off":
            text = 'no [[seedlink]] asks for it: its status stays UNKNOWN; usage = "off" hides it'
            yield Remark(Level.WARNING, f"station[{site.code}]", text)
        elif comes and site.usage == "off":
            text = "off hides it alone: its records are archived, and detected on, all the same"
            yield Remark(Level.NOTE, f"station[{site.code}].usage", text)


def _listed(patterns: list[str]) -> str:
    more = f" and {len(patterns) - 3} more" if len(patterns) > 3 else ""
    return ", ".join(patterns[:3]) + more
