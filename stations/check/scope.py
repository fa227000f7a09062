"""One element of a document under check, its name, and the list that findings go to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from houfeng.times import format_ns, parse_ns
from stations.check.findings import Finding
from stations.stationxml import NS

Span = tuple[int | None, int | None]

# Years from here on are ways to say "open"; int64 nanoseconds end in 2262.
_OPEN_FROM_NS = parse_ns("2262-01-01")


@dataclass(frozen=True, slots=True)
class Scope:
    """Parameters
    ----------
    element : of lxml
    findings : shared by all scopes of one document
    path, epoch : as of `Finding`
    where : element path below `path`, "" for the network, station or channel itself
    """

    element: Any
    findings: list[Finding]
    path: str = ""
    epoch: str = ""
    where: str = ""

    def say(self, rule: str, element: str, found: str, expected: str) -> None:
        """Note a finding; what was found is quoted at most 60 characters long."""
        at = "/".join(filter(None, (self.where, element)))
        self.findings.append(Finding(rule, self.path, self.epoch, at, found[:60], expected))

    def named(self, path: str) -> Scope:
        """The same with the path and epoch that its findings shall have."""
        return replace(self, path=path, epoch=_shown(self.element))

    def children(self, tag: str) -> Iterator[Scope]:
        """Scopes of the children with a tag, named like this one."""
        for child in self.element.iterfind(NS + tag):
            yield replace(self, element=child)

    def child(self, path: str, where: str = "") -> Scope | None:
        """The first descendant at `A/B`; findings name it `where`, else `path`."""
        found = self.element.find("/".join(NS + tag for tag in path.split("/")))
        if found is None:
            return None
        return replace(self, element=found, where="/".join(filter(None, (self.where, where or path))))

    def code(self, key: str = "code") -> str:
        """An attribute, stripped."""
        return str(self.element.get(key) or "").strip()

    def text(self, path: str) -> str:
        """Text of the descendant at `A/B`; "" where there is none."""
        found = self.element.find("/".join(NS + tag for tag in path.split("/")))
        return "" if found is None else " ".join((found.text or "").split())

    def number(self, path: str, unit: str, *, needed: bool = False) -> float | None:
        """A number; rule 002 where it is none, or is needed and absent."""
        text = self.text(path)
        if not text:
            if needed:
                self.say("002", path, "nothing", f"a number{unit and f' of {unit}'}")
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            self.say("002", path, repr(text), f"a number{unit and f' of {unit}'}")
            return None
        return value

    def span(self, rule: str, *, needed: bool = False) -> Span:
        """Start and end, ns UTC; None where not given, or open. `rule` where the end is not after the start."""
        start_ns, end_ns = self._time("startDate"), self._time("endDate")
        if start_ns is None and needed and not self.code("startDate"):
            self.say("003", "@startDate", "nothing", "a UTC time")
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            self.say(rule, "@endDate", self.code("endDate"), f"a time after startDate {self.code('startDate')}")
            return start_ns, None
        return start_ns, end_ns

    def _time(self, key: str) -> int | None:
        text = self.code(key)
        if not text:
            return None
        try:
            return parse_ns(text)
        except ValueError:
            self.say("003", f"@{key}", repr(text), "a UTC time such as 2026-01-31T12:00:00Z")
            return None


def covers(outer: Span, inner: Span) -> bool:
    """Whether a span lies within another; open ends at the end of time, as years from 2262 on do."""
    early = outer[0] is not None and (inner[0] is None or inner[0] < outer[0])
    outer_end, inner_end = (None if span[1] is None or span[1] >= _OPEN_FROM_NS else span[1] for span in (outer, inner))
    late = outer_end is not None and (inner_end is None or inner_end > outer_end)
    return not early and not late


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans have a moment in common; an end is the next one's start."""

    def before(first: Span, second: Span) -> bool:
        return first[1] is not None and second[0] is not None and first[1] <= second[0]

    return not before(one, other) and not before(other, one)


def shown(span: Span) -> str:
    """`2018-08-06T00:00:00Z..open`."""
    start, end = (
        word if t_ns is None or abs(t_ns) >= _OPEN_FROM_NS else format_ns(t_ns, digits=0)
        for t_ns, word in ((span[0], "?"), (span[1], "open"))
    )
    return f"{start}..{end}"


def _shown(element: Any) -> str:
    texts = (str(element.get(key) or "").strip() for key in ("startDate", "endDate"))
    times: list[int | None] = []
    for text in texts:
        try:
            times.append(parse_ns(text) if text else None)
        except ValueError:
            return "..".join(str(element.get(key) or "?")[:40] for key in ("startDate", "endDate"))
    return shown((times[0], times[1]))
