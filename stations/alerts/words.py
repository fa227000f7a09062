"""What alerts are about, how bad they are, and what is done about them: words that configuration uses too."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What an alert is about: one station, or what several stations have in common."""

    STATION = "station"
    SERVER = "server"
    LINK = "link"


class Severity(StrEnum):
    """How bad: a station that comes and goes or whose metadata are wrong; one that is lost; several lost at once."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Larger is worse."""
        return list(Severity).index(self)


class Action(StrEnum):
    """A step in the life of an alert."""

    OPENED = "opened"
    FLAPPING = "flapping"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    ESCALATED = "escalated"
    CLOSED = "closed"
