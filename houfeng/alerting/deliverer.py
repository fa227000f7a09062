"""A thread that tells recipients of alerts. It reads what to do from the database, so a restart loses nothing.

A message is noted as delivered after the other side took it: a process that dies in between sends it again, with the
same key. So it comes at least once, and whoever looks at the key has it once.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from acquisition.heartbeat import Heartbeat
from database import alerts, deliveries
from database.deliveries import Delivery, DeliveryState
from database.store import Store
from houfeng.alerting.message import as_json, delivery_id, message
from houfeng.alerting.senders import send
from houfeng.alerting.settings import DeliverySettings, RecipientSettings, SmtpSettings
from houfeng.errors import HoufengError, StoreError
from houfeng.times import NS_PER_S, now_ns, seconds_ns
from stations.alerts.alert import Alert, Handling, Step
from stations.alerts.words import Action

_log = logging.getLogger(__name__)

# The database is asked this often whether there is anything to tell; a query of two indexes.
_LOOK_S = 2.0
_AWAY_S = 10.0


@dataclass(frozen=True, slots=True)
class Post:
    """Who is told, and how.

    Parameters
    ----------
    recipients : as configured now
    smtp : of e-mail
    delivery : retries
    countries : of stations, by id
    """

    recipients: tuple[RecipientSettings, ...]
    smtp: SmtpSettings
    delivery: DeliverySettings
    countries: Mapping[str, str]


def is_told(recipient: RecipientSettings, alert: Alert, step: Step, countries: Mapping[str, str]) -> bool:
    """Whether a step of an alert is for a recipient; every filter that it has must let it through."""
    networks = {station_id.partition(".")[0] for station_id in alert.stations}
    places = {countries.get(station_id, "") for station_id in alert.stations}
    return (
        step.action in recipient.steps
        and alert.severity.rank >= recipient.least.rank
        and (not recipient.networks or bool(networks & set(recipient.networks)))
        and (not recipient.countries or bool(places & set(recipient.countries)))
    )


def planned(
    found: Sequence[tuple[Alert, Step]], handled: Mapping[str, Handling], post: Post, at_ns: int
) -> list[Delivery]:
    """Deliveries of steps. Of a silenced alert only its end is told."""
    return [
        Delivery(key, alert.alert_id, step.step_id, recipient.name, _text(key, alert, step, post), at_ns, next_ns=at_ns)
        for alert, step in found
        if step.action is Action.CLOSED or not handled[alert.alert_id].is_silenced(step.t_ns)
        for recipient in post.recipients
        if is_told(recipient, alert, step, post.countries)
        for key in [delivery_id(step.step_id, recipient.name)]
    ]


def tried(delivery: Delivery, settings: DeliverySettings, at_ns: int, answer: str, *, good: bool) -> Delivery:
    """A delivery after one more try: done, to be tried again after twice the pause, or given up."""
    after = replace(delivery, n_tries=delivery.n_tries + 1, tried_ns=at_ns, answer=answer)
    if good:
        return replace(after, state=DeliveryState.DELIVERED)
    pause_s = min(settings.retry_max_s, settings.retry_min_s * 2.0 ** min(delivery.n_tries, 30))
    next_ns = at_ns + seconds_ns(pause_s)
    if next_ns - delivery.planned_ns > seconds_ns(settings.give_up_after_s):
        return replace(after, state=DeliveryState.FAILED)
    return replace(after, next_ns=next_ns)


class Deliverer:
    """Plans and tries deliveries in a thread of its own, and each recipient's in one of theirs: one hangs alone.

    Parameters
    ----------
    store : is waited for while it is away
    post : who is told, asked anew each time
    heartbeat : is watched
    look_s : how often the database is asked, seconds
    """

    def __init__(self, store: Store, post: Callable[[], Post], heartbeat: Heartbeat, look_s: float = _LOOK_S) -> None:
        self._store = store
        self._post = post
        self._heart = heartbeat
        self._look_s = look_s
        self._stop = threading.Event()
        # Whoever does not answer shall not keep the process from ending; the next one tries again.
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)
        self._busy: dict[str, threading.Thread] = {}
        self._fault = ""
        self._counts = dict.fromkeys((DeliveryState.WAITING, DeliveryState.FAILED), 0)

    @property
    def counts(self) -> Mapping[DeliveryState, int]:
        """How many deliveries waited and were given up, when the database was last asked; in any thread."""
        return self._counts

    def start(self) -> None:
        """Begin to look for something to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no more tries; one that waits for an answer is made again by the next process."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._look_s)

    def turn(self) -> None:
        """Decide on deliveries, and begin to try those that are due.

        Raises
        ------
        StoreError : if the database does not answer
        """
        if not self._store.is_prepared:
            return  # on a slow computer the tables of a new database are still being made
        post, at_ns = self._post(), now_ns()
        with self._store.read() as snapshot:
            found = deliveries.unplanned(snapshot)
            handled = alerts.handlings(snapshot, [alert.alert_id for alert, _ in found])
        if found:
            wanted = planned(found, handled, post, at_ns)
            self._store.run(lambda unit: deliveries.plan(unit, [step for _, step in found], wanted))
        # Before the database is read: what a thread notes while it is read would be tried again.
        self._busy = {name: thread for name, thread in self._busy.items() if thread.is_alive()}
        latest_ns = at_ns + seconds_ns(post.delivery.retry_max_s)
        with self._store.read() as snapshot:
            due = deliveries.due(snapshot, at_ns, latest_ns)
            self._counts = deliveries.counts(snapshot)
        by_recipient: dict[str, list[Delivery]] = {}
        for delivery in due:
            by_recipient.setdefault(delivery.recipient, []).append(delivery)
        self._begin(by_recipient, post)

    def _begin(self, by_recipient: Mapping[str, list[Delivery]], post: Post) -> None:
        known = {recipient.name: recipient for recipient in post.recipients}
        for name, due in by_recipient.items():
            if name not in self._busy:
                work = (known.get(name), due, post)
                thread = threading.Thread(target=self._deliver, args=work, name=f"delivery {name}", daemon=True)
                self._busy[name] = thread
                thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._heart.beat("looking for deliveries", within_s=_AWAY_S)
            pause_s = self._look_s
            try:
                self.turn()
                self._fault = ""
            except StoreError as error:
                if str(error) != self._fault:
                    self._fault = str(error)
                    _log.error("alerts wait to be delivered: %s", error)
                pause_s = _AWAY_S
            except Exception:
                _log.exception("planning deliveries failed")
                pause_s = _AWAY_S
            self._stop.wait(pause_s)
        self._heart.rest("stopped")

    def _deliver(self, recipient: RecipientSettings | None, due: Iterable[Delivery], post: Post) -> None:
        """Try one recipient's deliveries until one fails: the others would as well, and wait for the same reason."""
        try:
            for delivery in due:
                if self._stop.is_set():
                    return
                after = self._tried(recipient, delivery, post)
                self._store.run(lambda unit, after=after: deliveries.note(unit, after))  # type: ignore[misc]
                if after.state is DeliveryState.WAITING:
                    return
        except StoreError as error:
            _log.error("what became of a delivery was not saved; it is tried again: %s", error)
        except Exception:
            _log.exception("a delivery failed")

    def _tried(self, recipient: RecipientSettings | None, delivery: Delivery, post: Post) -> Delivery:
        if recipient is None:
            answer = f"recipient {delivery.recipient} is no longer in the configuration"
            _log.error("%s: given up: %s", delivery.delivery_id, answer)
            return replace(delivery, state=DeliveryState.FAILED, answer=answer, tried_ns=now_ns())
        try:
            answer = send(recipient, json.loads(delivery.message), post.smtp, post.delivery.timeout_s)
        except HoufengError as error:
            return self._failed(delivery, post, str(error))
        return tried(delivery, post.delivery, now_ns(), answer, good=True)

    def _failed(self, delivery: Delivery, post: Post, said: str) -> Delivery:
        after = tried(delivery, post.delivery, now_ns(), said, good=False)
        if after.state is DeliveryState.FAILED:
            _log.error("%s to %s: given up after %d tries: %s", *_names(after), after.n_tries, said)
        elif after.n_tries == 1:
            pause_s = (after.next_ns - (after.tried_ns or 0)) / NS_PER_S
            _log.warning("%s to %s: %s; trying again in %g s", *_names(after), said, pause_s)
        return after


def _names(delivery: Delivery) -> tuple[str, str]:
    return delivery.delivery_id, delivery.recipient


def _text(key: str, alert: Alert, step: Step, post: Post) -> str:
    return as_json(message(key, alert, step, post.countries)).decode()
