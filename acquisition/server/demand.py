"""What clients ask for, and the packets it brings: made once for all that ask for the same."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple
from weakref import WeakValueDictionary

from acquisition.server.frames import packet_v3, packet_v4
from acquisition.server.ring import Backlog, Wants
from acquisition.server.selection import Subscription, has_wildcard
from acquisition.server.stored import StreamKey

# One send: large enough that a client which catches up is not bound by system calls.
MAX_BATCH_BYTES = 64 * 1024
# Records looked at in one step, so that a session that selects little still answers and stops quickly.
MAX_SCAN = 1024
_READ = 64
# Batches of new records kept for the clients that have not had them: those in step need one, a few lag behind.
_KEPT = 4


class Batch(NamedTuple):
    """Packets as they go over the wire, and the sequence number to go on from."""

    packets: bytes
    following: int


class Demand:
    """Streams and windows in time that some sessions ask for, in one version of the protocol.

    Where each of them begins is left to the session: behind its beginning it wants what all others want.

    Parameters
    ----------
    backlog : where records come from
    version : of the protocol, 3 or 4
    subscriptions : in the order of their STATION commands
    """

    def __init__(self, backlog: Backlog, version: int, subscriptions: Iterable[Subscription]) -> None:
        self.subscriptions = tuple(subscriptions)
        self.prepared = False
        self._backlog = backlog
        self._is_legacy = version == 3
        self._packet = packet_v3 if version == 3 else packet_v4
        self._routes: dict[StreamKey, int | None] = {}
        self._kept: dict[int, Batch] = {}
        self._named: dict[str, int] = {}
        self._patterns: list[int] = []
        for n, subscription in enumerate(self.subscriptions):
            if has_wildcard(subscription.station):
                self._patterns.append(n)
            else:
                self._named.setdefault(subscription.station, n)

    def route(self, key: StreamKey) -> int | None:
        """The place of the subscription a stream is sent under; None when it is not wanted."""
        try:
            return self._routes[key]
        except KeyError:
            number = self._routes[key] = self._find(key)
            return number

    def wants(self, key: StreamKey, sequence: int, start_ns: int, end_ns: int) -> bool:
        """Whether a record is asked for, wherever the session began."""
        number = self.route(key)
        return number is not None and self.subscriptions[number].overlaps(start_ns, end_ns)

    def prepare(self) -> None:
        """Find out which of the streams held are wanted: with thousands of patterns that takes seconds."""
        for span in self._backlog.streams():
            self.route(span.key)
        self.prepared = True

    def batch(self, sequence: int, wants: Wants | None = None) -> Batch:
        """Packets from a number on, about as much as is sent at once.

        Parameters
        ----------
        sequence : the next record's
        wants : a narrower choice than `Demand.wants`
        """
        out = bytearray()
        at = sequence
        for _ in range(MAX_SCAN // _READ):
            records, following = self._backlog.read(at, _READ, wants or self.wants)
            for record in records:
                out += self._packet(record)
            if following == at or len(out) >= MAX_BATCH_BYTES:
                at = following
                break
            at = following
        return Batch(bytes(out), at)

    def recent(self, sequence: int) -> Batch:
        """The same, kept for the next session that asks; for one thread only."""
        batch = self._kept.get(sequence)
        if batch is None:
            batch = self.batch(sequence)
            if batch.following != sequence:
                self._kept[sequence] = batch
                while len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        return batch

    def _find(self, key: StreamKey) -> int | None:
        """The subscription whose station pattern matches first, if its selectors want the stream too."""
        if self._is_legacy and not key.legacy:
            return None
        named = self._named.get(key.station, len(self.subscriptions))
        matching = (n for n in self._patterns if n > named or self.subscriptions[n].wants_station(key))
        number = min(named, next(matching, named))
        if number == len(self.subscriptions) or not self.subscriptions[number].wants_stream(key):
            return None
        return number


class Demands:
    """Finds who asks for the same. A demand lives as long as a session holds it."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[Hashable, Demand] = WeakValueDictionary()

    def of(self, backlog: Backlog, version: int, subscriptions: Iterable[Subscription]) -> Demand:
        """The demand of these subscriptions, whatever their first sequence numbers."""
        asked = tuple(subscriptions)
        key = (id(backlog), version, *((one.station, *one.selectors, one.start_ns, one.end_ns) for one in asked))
        demand = self._known.get(key)
        if demand is None:
            demand = self._known[key] = Demand(backlog, version, asked)
        return demand
