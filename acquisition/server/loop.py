"""The thread that moves the bytes of all clients; what may take long it leaves to a few workers.

With a thread a client, a hundred clients took turns at the interpreter for every new record: 0.4 of a core at 200
records a second, with 95 % of them within 160 ms.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from acquisition.server.client import Client, Needs
from acquisition.server.ring import Backlog
from acquisition.server.waker import Waker

# How often clocks are looked at.
TICK_S = 1.0
# Out of file descriptors or memory: how long to wait for some to be freed.
ACCEPT_RETRY_S = 1.0
# Connections accepted before clients have their turn again.
_MAX_ACCEPTED = 16
# A place is taken from a connection that has asked for nothing when it was quiet for this long and others wait.
SEAT_S = 5.0
# A flood of connections that find no place is told of so often.
REFUSED_LINE_S = 60.0
# History is read, INFO written and TLS agreed on here: two, so that one slow disk access does not stop all others.
_N_WORKERS = 2

# what wraps an accepted connection, given the socket it came by and its address
Admit = Callable[[socket.socket, socket.socket, tuple[str, int]], Client]

_EVENTS = {Needs.INPUT: selectors.EVENT_READ, Needs.ROOM: selectors.EVENT_WRITE}
_log = logging.getLogger(__name__)


class Loop:
    """Serves clients in a thread of its own until it is closed.

    Parameters
    ----------
    listeners : sockets that connections are accepted from; not closed here
    admit : makes a client of a connection
    backlog : whose new records wake the clients
    max_clients : connections at a time
    """

    def __init__(self, listeners: Iterable[socket.socket], admit: Admit, backlog: Backlog, max_clients: int) -> None:
        self._admit = admit
        self._max_clients = max_clients
        self._clients: set[Client] = set()
        self._working: set[Client] = set()
        self._worked: deque[Client] = deque()
        self._turns: dict[Client, None] = {}  # in the order of their coming
        self._waker = Waker()
        self._workers = ThreadPoolExecutor(_N_WORKERS, "seedlink-worker")
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._waker, selectors.EVENT_READ)
        self._listeners = list(listeners)
        self._accept_again_s = 0.0
        self._n_refused = 0
        self._refused = ""  # who was the last
        self._refused_line_s = -REFUSED_LINE_S
        self._ticked_s = time.monotonic()
        self._closed = False
        self._unwatch = backlog.watch(self._waker.wake)
        self._listen(True)
        self._thread = threading.Thread(target=self._run, name="seedlink", daemon=True)
        self._thread.start()

    @property
    def n_clients(self) -> int:
        """Connections that are open."""
        return len(self._clients)

    def close(self) -> None:
        """Close every connection and wait for the threads."""
        self._closed = True
        self._waker.arm()
        self._waker.wake()
        self._thread.join()
        self._workers.shutdown()
        self._unwatch()
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._selector.close()
        self._waker.close()

    def _run(self) -> None:
        while not self._closed:
            for key, events in self._selector.select(0 if self._turns else TICK_S):
                if isinstance(key.data, Client):
                    self._ready(key.data, readable=bool(events & selectors.EVENT_READ))
                elif key.fileobj is self._waker:
                    self._woken()
                elif isinstance(key.fileobj, socket.socket):
                    for _ in range(_MAX_ACCEPTED):
                        if not self._accept(key.fileobj):
                            break
            turns, self._turns = self._turns, {}
            for client in turns:
                self._turn(client)
            if time.monotonic() - self._ticked_s >= TICK_S:
                self._tick()

    def _woken(self) -> None:
        self._waker.drain()
        self._waker.arm()
        while self._worked:
            client = self._worked.popleft()
            self._working.discard(client)
            if client in self._clients:
                client.session.notice()  # records may have come while the worker was not looking any more
                self._turn(client)
        self._notice()

    def _notice(self) -> None:
        """There may be new records: tell everybody who waits for them."""
        for client in [one for one in self._clients if one.session.streaming and one not in self._working]:
            client.session.notice()
            if not client.has_pending:
                self._turn(client)

    def _ready(self, client: Client, *, readable: bool) -> None:
        if client not in self._clients or client in self._working:
            return
        try:
            stays = client.ready(readable=readable)
        except OSError as error:
            _log.info("%s: connection lost: %s", client.peer, error)
            stays = False
        if stays:
            self._turn(client)
        else:
            self._drop(client)

    def _turn(self, client: Client) -> None:
        """Let a client go on, and see to it that it is called again when it can go on further."""
        if client not in self._clients or client in self._working:
            return
        try:
            needs = client.turn()
        except OSError as error:
            _log.info("%s: connection lost: %s", client.peer, error)
            needs = Needs.NOTHING
        except Exception:
            _log.exception("%s: internal error, connection closed", client.peer)
            needs = Needs.NOTHING
        if needs is Needs.NOTHING:
            self._drop(client)
        elif needs is Needs.TURN:
            self._turns[client] = None
        elif needs is Needs.TIME:
            self._watch(client, 0)
            self._working.add(client)
            self._workers.submit(self._work, client)
        else:
            self._watch(client, _EVENTS[needs])

    def _work(self, client: Client) -> None:
        try:
            client.work()
        except OSError as error:
            _log.info("%s: connection lost: %s", client.peer, error)
            client.is_broken = True
        except Exception:
            _log.exception("%s: internal error, connection closed", client.peer)
            client.is_broken = True
        self._worked.append(client)
        self._waker.wake()

    def _watch(self, client: Client, events: int) -> None:
        if events == client.events:
            return
        if not client.events:
            self._selector.register(client.socket, events, client)
        elif not events:
            self._selector.unregister(client.socket)
        else:
            self._selector.modify(client.socket, events, client)
        client.events = events

    def _drop(self, client: Client) -> None:
        self._watch(client, 0)
        self._clients.discard(client)
        client.close()

    def _tick(self) -> None:
        self._ticked_s = time.monotonic()
        for client in self._clients - self._working:
            if client.is_overdue():
                self._drop(client)
        self._report_refused()
        self._notice()  # windows in time end by the clock
        if not self._accepting and self._ticked_s >= self._accept_again_s:
            self._listen(True)

    # Connections that come

    def _listen(self, accepting: bool) -> None:
        self._accepting = accepting
        for listener in self._listeners:
            if accepting:
                self._selector.register(listener, selectors.EVENT_READ)
            else:
                self._selector.unregister(listener)

    def _accept(self, listener: socket.socket) -> bool:
        """Let in or refuse one connection; whether there may be more."""
        try:
            connection, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False  # the client left before it was accepted
        except OSError as error:
            self._pause(error)
            return False
        peer = f"{address[0]}:{address[1]}"
        try:
            if len(self._clients) >= self._max_clients and not self._make_room():
                self._n_refused += 1
                self._refused = peer
                self._report_refused()
                connection.close()
                return True
            client = self._admit(listener, connection, address)
        except OSError as error:
            _log.info("%s: connection lost: %s", peer, error)
            connection.close()
            return True
        self._clients.add(client)
        self._turn(client)
        return True

    def _report_refused(self) -> None:
        if self._n_refused and time.monotonic() - self._refused_line_s >= REFUSED_LINE_S:
            others = f", as were {self._n_refused - 1} before it" if self._n_refused > 1 else ""
            _log.warning("%s: refused, %d clients are connected already%s", self._refused, self._max_clients, others)
            self._n_refused, self._refused_line_s = 0, time.monotonic()

    def _pause(self, error: OSError) -> None:
        _log.error("cannot accept a connection: %s", error)
        self._accept_again_s = time.monotonic() + ACCEPT_RETRY_S
        self._listen(False)

    def _make_room(self) -> bool:
        """Take the place of the connection that has said nothing for longest, unless it may still be about to."""
        idle = [one for one in self._clients - self._working if not one.session.streaming]
        if not idle:
            return False
        longest = min(idle, key=lambda one: one.moved_s)
        if time.monotonic() - longest.moved_s < SEAT_S:
            return False
        _log.info("%s: said nothing for a while; its place goes to another", longest.peer)
        self._drop(longest)
        return True
