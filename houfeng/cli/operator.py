"""Who acts on the command line, and for how long: what the audit of stations and the history of alerts keep."""

from __future__ import annotations

import getpass
import os
import socket
from typing import Any

import click

from houfeng.acting import LONGEST_S, end_ns, span_s
from houfeng.times import now_ns

by_option = click.option("--by", metavar="NAME", help="Who says so.  [default: your login name]")


class Span(click.ParamType["float"]):
    """A duration such as 30min, 8h or 2d, as seconds; at most a year."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of what was typed."""
        text = str(value)
        seconds = span_s(text)
        if seconds is None:
            self.fail(f"a duration such as 30min, 8h or 2d is needed, {text!r} came", param, ctx)
        if not 0 < seconds <= LONGEST_S:
            self.fail(f"more than 0 and at most a year is needed, {text!r} came", param, ctx)
        return seconds


class Until(click.ParamType["int"]):
    """A UTC time, or how long from now: `6h`, `2d`; as ns UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds UTC of what was typed."""
        if isinstance(value, int):
            return value
        try:
            return end_ns(value, now_ns())
        except ValueError as error:
            self.fail(str(error), param, ctx)


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
