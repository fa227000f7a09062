"""The words of alerts: an alert, its children, and the steps of its life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from houfeng.times import NS_PER_S
from houfeng.types import public_id
from stations.alerts.evidence import Fact
from stations.alerts.words import Action, Kind, Severity

# These happen once in the life of an alert: however often they are written, there is one.
_ONCE = (Action.OPENED, Action.FLAPPING, Action.ESCALATED, Action.CLOSED)

# Who takes the steps that nobody asked for.
HOUSE = "houfeng"


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """What stations share: a server that sends them, or a link that their data come over."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Child:
    """A station of an alert of several.

    Parameters
    ----------
    station_id : `KR.NRN`
    joined_ns : when it went stale, ns UTC
    left_ns : when it was well again, ns UTC; None while it is not
    """

    station_id: str
    joined_ns: int
    left_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that needs somebody, from when it is raised until it is closed.

    Parameters
    ----------
    kind : one station, or several that share a server or a link
    key : the station's id, or `server NAME`, `link NAME`; at most one open alert has it
    severity : told once, when it is raised
    opened_ns : evaluation that raised it, ns UTC
    cause : link, server, power, clock, sensor, metadata or unknown
    evidence : what speaks for the cause, one English sentence
    children : stations of an alert of several, sorted; those that were well again as well
    flapping : whether it comes and goes
    closed_ns : ns UTC; None while it is open
    facts : the evidence, to be said in another language
    """

    kind: Kind
    key: str
    severity: Severity
    opened_ns: int
    cause: str
    evidence: str
    children: tuple[Child, ...] = ()
    flapping: bool = False
    closed_ns: int | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def alert_id(self) -> str:
        """The same for the same statuses, live and after a restart."""
        return public_id("alert", self.key, self.opened_ns)

    @property
    def stations(self) -> tuple[str, ...]:
        """Whom it is about: station ids."""
        return tuple(child.station_id for child in self.children) or (self.key,)

    @property
    def active(self) -> frozenset[str]:
        """Children that are not well yet."""
        return frozenset(child.station_id for child in self.children if child.left_ns is None)

    def joined(self, joining: Iterable[tuple[str, int]]) -> Alert:
        """With more children (station id, since when stale); those that come back stay since they first came."""
        known = {child.station_id: child for child in self.children}
        for station_id, since_ns in joining:
            known[station_id] = replace(known.get(station_id, Child(station_id, since_ns)), left_ns=None)
        return replace(self, children=tuple(sorted(known.values())))

    def left(self, leaving: Iterable[str], now_ns: int) -> Alert:
        """With these children well again."""
        gone = self.active & frozenset(leaving)
        if not gone:
            return self
        left = (replace(child, left_ns=now_ns) if child.station_id in gone else child for child in self.children)
        return replace(self, children=tuple(left))


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to an alert, when, by whom and why.

    Parameters
    ----------
    alert_id : whose
    t_ns : ns UTC
    action : what
    who : `houfeng`, or an operator's name
    why : one sentence
    until_ns : of a silence, ns UTC
    assignee : of an assignment
    """

    alert_id: str
    t_ns: int
    action: Action
    who: str
    why: str
    until_ns: int | None = None
    assignee: str = ""

    @property
    def step_id(self) -> str:
        """The same for the same step: written twice, it is one. What happens once in a life has one id in all."""
        if self.action in _ONCE:
            return public_id("step", self.alert_id, self.action)
        return public_id("step", self.alert_id, self.action, self.t_ns, self.who, self.assignee)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a station or a group between evaluations.

    Parameters
    ----------
    key : as of `Alert`
    since_ns : since when it is not well, ns UTC; None while it is
    stale_ns : of a station, since when all its data are late; of a group, since when too few are left for one alert
    changes_ns : when it changed between well and not well, in the last hour before the newest change
    hushed : whether somebody closed its alert while it was not well: it raises no other before it has been well
    """

    key: str
    since_ns: int | None = None
    stale_ns: int | None = None
    changes_ns: tuple[int, ...] = ()
    hushed: bool = False


@dataclass(frozen=True, slots=True)
class Handling:
    """What people did about an alert so far.

    Parameters
    ----------
    acknowledged_by : "" while nobody did
    silenced_until_ns : ns UTC; None where nobody silenced it
    assignee : "" while nobody is
    escalated : whether nobody acknowledged it in time
    """

    acknowledged_by: str = ""
    silenced_until_ns: int | None = None
    assignee: str = ""
    escalated: bool = False

    def is_silenced(self, t_ns: int) -> bool:
        """Whether nobody wants to hear of it at a time, ns UTC."""
        return self.silenced_until_ns is not None and t_ns < self.silenced_until_ns

    @property
    def word(self) -> str:
        """How far its handling is."""
        if self.acknowledged_by:
            return "acknowledged"
        return "escalated" if self.escalated else "new"


def handling(steps: Iterable[Step]) -> Handling:
    """What the steps of one alert come to; the last of a kind counts, but who acknowledged first did."""
    state = Handling()
    for step in sorted(steps, key=lambda step: (step.t_ns, step.step_id)):
        match step.action:
            case Action.ACKNOWLEDGED:
                state = replace(state, acknowledged_by=state.acknowledged_by or step.who)
            case Action.SILENCED:
                state = replace(state, silenced_until_ns=step.until_ns)
            case Action.ASSIGNED:
                state = replace(state, assignee=step.assignee)
            case Action.ESCALATED:
                state = replace(state, escalated=True)
    return state


def escalation(alert: Alert, handled: Handling, now_ns: int, after_ns: int) -> Step | None:
    """The step of an alert that nobody has acknowledged for so long; None where none is due."""
    waits = alert.closed_ns is None and not handled.acknowledged_by and not handled.escalated
    if not waits or handled.is_silenced(now_ns) or now_ns - alert.opened_ns < after_ns:
        return None
    minutes = (now_ns - alert.opened_ns) // (60 * NS_PER_S)
    return Step(alert.alert_id, now_ns, Action.ESCALATED, HOUSE, f"Nobody acknowledged it for {minutes} min")
