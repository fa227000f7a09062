"""A state that doesn't flicker: entered after repeated evidence, left after more of it."""

from __future__ import annotations

from houfeng.times import NS_PER_S, seconds_ns
from stations.health.status import State
from stations.settings import HealthSettings

_SEVERITY = {State.UNKNOWN: -1, State.OK: 0, State.WARN: 1, State.BAD: 2}
_severity = _SEVERITY.__getitem__


class Held:
    """State of one rule on one channel.

    A worse state is entered when the last `enter_evaluations` were all at least as bad; a better one when the last
    `leave_evaluations` were, or all those of `leave_s`. UNKNOWN is entered at once: old evidence holds nothing up.
    From UNKNOWN the first good evaluation is believed at once.
    """

    __slots__ = ("_better_since_ns", "_recent", "had_evidence", "since_ns", "state")

    def __init__(self, now_ns: int) -> None:
        self.state = State.UNKNOWN
        self.since_ns = now_ns
        self.had_evidence = False
        self._recent: list[State] = []
        self._better_since_ns: int | None = None

    def update(self, raw: State, now_ns: int, settings: HealthSettings) -> State:
        """Take one evaluation in; returns the state that is shown."""
        if raw is State.UNKNOWN:
            self._recent.clear()
            return self._show(raw, now_ns)
        self.had_evidence = True
        n_enter, n_leave = settings.enter_evaluations, settings.leave_evaluations
        self._recent.append(raw)
        del self._recent[: -max(n_enter, n_leave)]
        if raw is State.OK and self.state is State.OK:  # nearly always; what follows comes to the same
            self._better_since_ns = None
            return raw
        if raw is State.OK and self.state is State.UNKNOWN:
            return self._show(raw, now_ns)
        if not self.is_better(raw):
            self._better_since_ns = None
            entered = min(self._recent[-n_enter:], key=_severity)
            if len(self._recent) >= n_enter and _SEVERITY[entered] > _SEVERITY[self.state]:
                self._show(entered, now_ns)
            return self.state
        if self._better_since_ns is None:
            self._better_since_ns = now_ns
        worst = max(self._recent[-n_leave:], key=_severity)
        enough = len(self._recent) >= n_leave and _SEVERITY[worst] < _SEVERITY[self.state]
        if enough or now_ns - self._better_since_ns >= seconds_ns(settings.leave_s):
            return self._show(worst if enough else raw, now_ns)
        return self.state

    def is_better(self, raw: State) -> bool:
        """Whether an evaluation is better than the state that is held."""
        return _SEVERITY[raw] < _SEVERITY[self.state]

    def _show(self, state: State, now_ns: int) -> State:
        if state is not self.state:
            self.state, self.since_ns = state, now_ns
        self._better_since_ns = None
        return self.state


class Turns:
    """Since when a state is what it is, and how often it was another in the last hour."""

    __slots__ = ("_state", "_turned_ns", "since_ns")

    # A state that turns at each of 720 evaluations of an hour flaps beyond doubt; more need not be remembered.
    _MOST = 64

    def __init__(self, state: State, now_ns: int) -> None:
        self.since_ns = now_ns
        self._state = state
        self._turned_ns: list[int] = []

    def update(self, state: State, now_ns: int) -> int:
        """Take one evaluation in; returns since when the state holds, ns UTC."""
        if state is not self._state:
            self._state, self.since_ns = state, now_ns
            self._turned_ns = [*self._turned_ns, now_ns][-self._MOST :]
        return self.since_ns

    def is_flapping(self, now_ns: int, most_per_hour: int) -> bool:
        """Whether it changed more often than that in the last hour."""
        if len(self._turned_ns) <= most_per_hour:  # nearly always
            return False
        return sum(now_ns - t_ns < 3600 * NS_PER_S for t_ns in self._turned_ns) > most_per_hour
