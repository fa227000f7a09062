"""Sign-ins that fail are slowed down: by address, by account, and by both together."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

WITHIN_S = 900.0
# A person mistypes a password a few times. One address may not try many names, and many addresses may not try one name;
# that last limit is the highest, so that nobody keeps an account from its owner with a few tries from elsewhere.
LIMITS = {"account and address": 5, "address": 20, "account": 50}
# A flood of names and addresses must not fill the memory: the oldest are forgotten.
_MAX_KEYS = 10_000

Key = tuple[str, str]


class Throttle:
    """Failed sign-ins of the last quarter of an hour.

    They are in memory, for they count before anything is looked up; the audit has them too, and a process that starts
    is told them by `recall`: a restart forgives nobody.

    Parameters
    ----------
    clock : seconds, only ever forwards
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._tries: OrderedDict[Key, deque[float]] = OrderedDict()

    def take(self, name: str, address: str) -> float:
        """Count a try, before its password is looked at: many at once are no way round.

        Returns
        -------
        wait_s : 0 where it may be made; else how long until one may, seconds, and it was not counted
        """
        with self._lock:
            now_s = self._clock()
            known = [(key, self._recent(key, now_s)) for key in _keys(name, address)]
            waits = [tries[-LIMITS[key[0]]] + WITHIN_S - now_s for key, tries in known if len(tries) >= LIMITS[key[0]]]
            if waits:
                return max(waits)
            for key, tries in known:
                tries.append(now_s)
                self._tries[key] = tries
                self._tries.move_to_end(key)
            while len(self._tries) > _MAX_KEYS:
                self._tries.popitem(last=False)
            return 0.0

    def recall(self, name: str, address: str, age_s: float) -> None:
        """Count a try that an earlier process refused, oldest first; without a name only its address is known."""
        with self._lock:
            for key in _keys(name, address) if name else [("address", address)]:
                self._tries.setdefault(key, deque()).append(self._clock() - age_s)

    def forgive(self, name: str, address: str) -> None:
        """The try that was counted last was right: it does not count, nor do slips of the same person before."""
        with self._lock:
            for key in _keys(name, address):
                tries = self._tries.get(key)
                if tries and key[0] == "account and address":
                    tries.clear()
                elif tries:
                    tries.pop()
                if not tries:
                    self._tries.pop(key, None)

    def _recent(self, key: Key, now_s: float) -> deque[float]:
        tries = self._tries.get(key, deque())
        while tries and tries[0] <= now_s - WITHIN_S:
            tries.popleft()
        return tries


def _keys(name: str, address: str) -> list[Key]:
    return [("account and address", f"{address} {name}"), ("address", address), ("account", name)]
