"""Who acts on the command line, and for how long: what the audit of stations and the history of alerts keep."""

from __future__ import annotations

import getpass
import os
import re
import socket
from typing import Any

import click

from houfeng.times import NS_PER_S, now_ns, parse_ns

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(min|m|h|d)", re.ASCII)
_UNIT_S = {"min": 60, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_S = 366 * 86_400

by_option = click.option("--by", metavar="NAME", help="Who says so.  [default: your login name]")


class Span(click.ParamType["float"]):
    """A duration such as 30min, 8h or 2d, as seconds; at most a year."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of what was typed."""
        text = str(value)
        found = _SPAN.fullmatch(text)
        if not found:
            self.fail(f"a duration such as 30min, 8h or 2d is needed, {text!r} came", param, ctx)
        seconds = float(found[1]) * _UNIT_S[found[2]]
        if not 0 < seconds <= _LONGEST_S:
            self.fail(f"more than 0 and at most a year is needed, {text!r} came", param, ctx)
        return seconds


class Until(click.ParamType["int"]):
    """A UTC time, or how long from now: `6h`, `2d`; as ns UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds UTC of what was typed."""
        if isinstance(value, int):
            return value
        if found := _SPAN.fullmatch(value):
            return now_ns() + round(float(found[1]) * _UNIT_S[found[2]] * NS_PER_S)
        try:
            return parse_ns(value)
        except ValueError:
            self.fail(f"{value!r} is neither a UTC time such as 2026-01-31T12:00:00Z nor 30min, 6h or 2d", param, ctx)


def origin() -> str:
    """From where, for the audit."""
    return f"command on {socket.gethostname()}"


def who_acts(by: str | None) -> str:
    """The name given with `--by`, else who is logged in, behind `sudo` too.

    Raises
    ------
    click.UsageError : if the system does not know
    """
    try:
        return (by or os.environ.get("SUDO_USER") or getpass.getuser()).strip()
    except (KeyError, OSError) as error:  # a container's user may have no name
        raise click.UsageError("who you are is needed, the system does not know: give --by NAME") from error
