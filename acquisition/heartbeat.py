"""Signs of life: who waits for work is well, who has work and does not get on with it is stuck."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

# The longest single thing that a part does on a sound computer is a sync behind other writers: seconds.
LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Stuck:
    """A part that should have shown a sign of life.

    Parameters
    ----------
    part : its name
    doing : what it was about to do
    silent_s : since it said so, seconds
    """

    part: str
    doing: str
    silent_s: float

    def __str__(self) -> str:
        return f"{self.part}: {self.doing} for {self.silent_s:.0f} s"


class Heartbeat:
    """Of one part; the part beats, any thread looks.

    Parameters
    ----------
    part : its name in messages
    limit_s : longest time to the next beat, seconds; may be set at any time
    """

    def __init__(self, part: str = "", limit_s: float = LIMIT_S) -> None:
        self._part = part
        self.limit_s = limit_s
        self._last = (time.monotonic(), math.inf, "")  # replaced as a whole: no lock is needed

    def beat(self, doing: str, *, within_s: float = 0.0) -> None:
        """I get on; the next beat comes in time.

        Parameters
        ----------
        doing : what comes next
        within_s : how long that may take in addition to the limit, seconds
        """
        self._last = (time.monotonic(), within_s, doing)

    def rest(self, doing: str) -> None:
        """Wait for another part for as long as it takes: that one has a heartbeat of its own."""
        self._last = (time.monotonic(), math.inf, doing)

    @property
    def stuck(self) -> Stuck | None:
        """What is wrong; None while the part gets on."""
        since_s, more_s, doing = self._last
        silent_s = time.monotonic() - since_s
        return Stuck(self._part, doing, silent_s) if silent_s > self.limit_s + more_s else None


class Heartbeats:
    """Those of all parts.

    Parameters
    ----------
    limit_s : longest time from beat to beat, seconds
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._parts: dict[str, Heartbeat] = {}
        self._lock = threading.Lock()

    @property
    def limit_s(self) -> float:
        """Longest time from beat to beat, of the parts there are and those to come, seconds."""
        return self._limit_s

    @limit_s.setter
    def limit_s(self, limit_s: float) -> None:
        with self._lock:
            self._limit_s = limit_s
            for part in self._parts.values():
                part.limit_s = limit_s

    def part(self, name: str) -> Heartbeat:
        """The heartbeat of a part; the same one for the same name. It is not watched before its first beat."""
        with self._lock:
            if name not in self._parts:
                self._parts[name] = Heartbeat(name, self._limit_s)
            return self._parts[name]

    def forget(self, name: str) -> None:
        """The part ended on purpose."""
        with self._lock:
            self._parts.pop(name, None)

    def stuck(self) -> list[Stuck]:
        """Every part that is."""
        with self._lock:
            parts = list(self._parts.values())
        return [found for part in parts if (found := part.stuck) is not None]
