"""What a client asked for: stations, streams, where to begin, and the window in time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from acquisition.server.commands import CommandError
from acquisition.server.stored import StreamKey

_STATION = re.compile(r"[A-Za-z0-9?*_-]{1,64}", re.ASCII)
# [!]stream[.format][:filter] of version 4
_SELECT_V4 = re.compile(
    r"(?P<no>!?)(?P<stream>[A-Za-z0-9?*_-]{1,64})(?:\.(?P<kind>[A-Z0-9?*]{1,2}))?(?::(?P<filter>\w{1,32}))?",
    re.ASCII,
)
# [!][LL]CCC[.T] of version 3: location of two characters with `-` for a blank, channel, record type
_SELECT_V3 = re.compile(
    r"(?P<no>!?)(?:\*|(?P<loc>[A-Za-z0-9?-]{2})?(?P<cha>[A-Za-z0-9?*]{3}))?(?:\.(?P<type>[DECOTL]))?", re.ASCII
)
_TYPE_V3 = re.compile(r"(!?)([DECOTL])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selector:
    """One SELECT pattern.

    Parameters
    ----------
    negated : whether what it matches is left out
    stream : pattern of the stream id, LOC_B_S_SS
    kind : pattern of the beginning of the format and subformat codes
    """

    negated: bool
    stream: str
    kind: str = "*"

    def matches(self, key: StreamKey) -> bool:
        return fnmatchcase(key.stream, self.stream) and fnmatchcase(key.kind, self.kind + "*")


@dataclass(slots=True)
class Subscription:
    """Stations wanted, by pattern, and what of them.

    Parameters
    ----------
    station : pattern of the station id, NET_STA
    selectors : none means every stream
    start : first sequence number wanted; None until DATA, FETCH or TIME says so
    start_ns, end_ns : only records that end after and start before these times; None is unbounded
    """

    station: str
    selectors: list[Selector] = field(default_factory=list)
    start: int | None = None
    start_ns: int | None = None
    end_ns: int | None = None

    def wants_stream(self, key: StreamKey) -> bool:
        """Whether a stream is selected: by a pattern without `!`, or by having none, and by none with `!`.

        Patterns that only leave out narrow the default, which is every stream (so does ringserver; read to the
        letter, the specification would then select nothing).
        """
        wanted = [selector for selector in self.selectors if not selector.negated]
        if wanted and not any(selector.matches(key) for selector in wanted):
            return False
        return not any(selector.negated and selector.matches(key) for selector in self.selectors)

    def wants_station(self, key: StreamKey) -> bool:
        """Whether a stream is of a station that the pattern matches."""
        return fnmatchcase(key.station, self.station)

    def overlaps(self, start_ns: int, end_ns: int) -> bool:
        """Whether a record lies in the window in time, or reaches into it."""
        return (self.start_ns is None or end_ns > self.start_ns) and (self.end_ns is None or start_ns < self.end_ns)


def has_wildcard(pattern: str) -> bool:
    """Whether a pattern may match more than itself."""
    return "*" in pattern or "?" in pattern


def station_pattern(text: str) -> str:
    """A checked pattern of station ids.

    Raises
    ------
    CommandError : if it has characters that no station id has
    """
    if not _STATION.fullmatch(text):
        raise CommandError("ARGUMENTS", f"a station pattern NET_STA (* and ? allowed) is needed, {text} came")
    return text


def selector_v4(text: str) -> Selector:
    """`[!]stream[.format][:filter]`; the only filter is `native`, records are never converted.

    Raises
    ------
    CommandError : if the pattern or the filter is not understood
    """
    match = _SELECT_V4.fullmatch(text)
    if match is None:
        raise CommandError("ARGUMENTS", f"a pattern [!]LOC_B_S_SS[.format] is needed, {text} came")
    if match["filter"] and (match["no"] or match["filter"].lower() != "native"):
        raise CommandError("UNSUPPORTED", f"the only filter is native, without !; {text} came")
    return Selector(bool(match["no"]), match["stream"], match["kind"] or "*")


def selector_v3(text: str) -> Selector:
    """`[!][LL]CCC[.T]`, `T` or `*`; `--` is an empty location.

    Raises
    ------
    CommandError : if the pattern is not understood
    """
    match = _SELECT_V3.fullmatch(_TYPE_V3.sub(r"\1.\2", text) if len(text) <= 2 else text)
    if match is None or not text.lstrip("!"):
        raise CommandError("ARGUMENTS", f"a pattern [!][LL]CCC[.T] is needed, {text} came")
    location = "*" if match["loc"] is None else match["loc"].replace("-", "")
    stream = "*" if match["cha"] is None else f"{location}_{'_'.join(match['cha'])}"
    return Selector(bool(match["no"]), stream, "2" + match["type"] if match["type"] else "*")
