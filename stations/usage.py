"""How a station is used, what an operator changed about that, and what holds at a time.

The configuration says how a station is meant to be used (`usage` of [[station]], full where it says nothing): a file
under version control. What an operator does about a station in a shift, maintenance above all, is state: it is in the
database, with who, when, until when and why, and it counts before the configuration until it ends or is taken back
(`configured`).
"""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.errors import RegistryError
from houfeng.times import format_ns
from stations.settings import USAGES

CONFIGURED = "configured"
LEVELS = (*USAGES, CONFIGURED)


@dataclass(frozen=True, slots=True)
class UsageChange:
    """What an operator said last of the use of one station.

    Parameters
    ----------
    level : one of `LEVELS`; `configured` gives the station back to the configuration
    set_ns : since when, ns UTC
    until_ns : when it ends by itself, ns UTC; None where it does not
    by, why : who said so, and the reason
    resting : level that comes back when it ends, one of `LEVELS`
    """

    level: str
    set_ns: int
    until_ns: int | None
    by: str
    why: str
    resting: str = CONFIGURED

    def __str__(self) -> str:
        return self.level if self.until_ns is None else f"{self.level} until {format_ns(self.until_ns, digits=0)}"


@dataclass(frozen=True, slots=True)
class Usage:
    """How a station is used at a time.

    Parameters
    ----------
    level : one of `USAGES`; "" where nobody knows
    since_ns, until_ns : from when and until when, ns UTC; None where the configuration says it, or it does not end
    by, why : of an operator's change; "" of the configuration
    """

    level: str
    since_ns: int | None = None
    until_ns: int | None = None
    by: str = ""
    why: str = ""


def usage_at(configured: str, change: UsageChange | None, t_ns: int | None) -> Usage:
    """How a station is used.

    Parameters
    ----------
    configured : level of the configuration
    change : the last one, if any
    t_ns : ns UTC; None as if no change ended
    """
    if change is None:
        return Usage(configured)
    if change.until_ns is None or t_ns is None or t_ns < change.until_ns:
        level = configured if change.level == CONFIGURED else change.level
        return Usage(level, change.set_ns, change.until_ns, change.by, change.why)
    return Usage(configured if change.resting == CONFIGURED else change.resting, change.until_ns)


def changed(
    before: UsageChange | None, level: str, set_ns: int, *, until_ns: int | None, by: str, why: str
) -> UsageChange:
    """The change that an operator makes now, after the one `before`.

    A change with an end goes back to what held without one: maintenance within an evaluation goes back to evaluation,
    and a second maintenance does not go back to the first.

    Raises
    ------
    RegistryError : if the level is none, maintenance has no end, the end is past, or the reason is missing
    """
    if level not in LEVELS:
        raise RegistryError(f"usage: one of {', '.join(LEVELS)} is needed, {level!r} came")
    if level == "maintenance" and until_ns is None:
        raise RegistryError("usage: maintenance needs an end (--until), or nobody would ever miss the station")
    if level == CONFIGURED and until_ns is not None:
        raise RegistryError("usage: what the configuration says has no end; leave --until away")
    if until_ns is not None and until_ns <= set_ns:
        now = format_ns(set_ns, digits=0)
        raise RegistryError(f"usage: an end after now, {now}, is needed, {format_ns(until_ns, digits=0)} came")
    if not why.strip():
        raise RegistryError("usage: a reason (--why) is needed: it is what the next shift reads")
    resting = CONFIGURED
    if before is not None:
        resting = before.level if before.until_ns is None else before.resting
    return UsageChange(level, set_ns, until_ns, by, why.strip(), resting if until_ns is not None else CONFIGURED)
