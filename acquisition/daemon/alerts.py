"""Alerts of one session: raised from every evaluation of the stations, kept in the database, told by a thread."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase

from acquisition.daemon.link import StoreLink
from acquisition.daemon.status import AlertsStatus
from acquisition.heartbeat import Heartbeat
from acquisition.seedlink import Phase, ServerState
from configs import Settings
from configs.patterns import station_of
from database import alerts
from database.deliveries import DeliveryState
from database.store import Store
from database.unit import UnitOfWork
from houfeng.alerting.deliverer import Deliverer, Post
from houfeng.network import Network
from houfeng.times import seconds_ns
from stations.alerts.alert import Alert, Group, Step, Watch
from stations.alerts.book import AlertBook, Changes
from stations.alerts.scene import Scene, ServerSight
from stations.alerts.words import Kind
from stations.card import Card
from stations.health import StationStatus

_log = logging.getLogger(__name__)


class Alerter:
    """Raises alerts, and has them delivered.

    While the database is away alerts are raised in memory and saved when it is back; before the first time that it
    answers none are raised, because nobody knows which are open.

    Parameters
    ----------
    store, link : of the session
    settings, network : of the session
    heartbeat : of the thread that delivers
    """

    def __init__(
        self, store: Store, link: StoreLink, settings: Settings, network: Network, heartbeat: Heartbeat
    ) -> None:
        self._store = store
        self._link = link
        self._settings = settings
        self._network = network
        self._book: AlertBook | None = None
        self._alerts: dict[str, Alert] = {}
        self._steps: dict[str, Step] = {}
        self._watches: dict[str, Watch | None] = {}
        self._n_open: tuple[tuple[str, str, int], ...] = ()
        self._deliverer = Deliverer(store, self._post, heartbeat)

    def start(self) -> None:
        """Begin to deliver."""
        self._deliverer.start()

    def stop(self) -> None:
        """Deliver no more; what waits is delivered after the next start."""
        self._deliverer.stop()

    def take_on(self, settings: Settings, network: Network) -> None:
        """Go on with other stations, limits and recipients."""
        self._settings, self._network = settings, network
        if self._book is not None:
            self._book.settings = settings.alerts

    def evaluate(self, statuses: list[StationStatus], now_ns: int, scene: Scene) -> None:
        """Raise and close alerts.

        Parameters
        ----------
        statuses : of every station
        now_ns : of their evaluation, ns UTC
        scene : as `make_scene` has it
        """
        if not self._settings.alerts.enabled:
            return
        self._link.do(self._read)
        if self._book is None:
            return
        self._collect(self._book.evaluate(statuses, now_ns, scene))
        known = Counter((str(each.severity), each.cause) for each in self._book.open_alerts)
        self._n_open = tuple((*key, n) for key, n in sorted(known.items()))
        escalate_ns = seconds_ns(self._settings.alerts.escalate_after_s)
        if self._link.do(lambda: self._save(now_ns, escalate_ns)):
            self._alerts.clear()
            self._steps.clear()
            self._watches.clear()

    def status(self) -> AlertsStatus:
        """How many alerts are open and untold; in any thread."""
        counts = self._deliverer.counts
        waiting, failed = counts[DeliveryState.WAITING], counts[DeliveryState.FAILED]
        return AlertsStatus(self._n_open, len(self._alerts), waiting, failed)

    def _post(self) -> Post:
        settings, sites = self._settings, self._network.inventory.sites
        countries = {station_id: site.country for station_id, site in sites.items()}
        return Post(settings.recipient, settings.smtp, settings.delivery, countries)

    def _read(self) -> bool:
        """Which alerts are open, as an earlier process left them and as operators closed them since."""
        with self._store.read() as snapshot:
            if self._book is None:
                self._book = AlertBook(self._settings.alerts, *alerts.load(snapshot))
                if self._book.open_alerts:
                    _log.info("%d alerts are open", len(self._book.open_alerts))
            else:
                self._book.dismiss(alerts.closed(snapshot, [each.alert_id for each in self._book.open_alerts]))
        return False  # whether the database is up the next write tells

    def _collect(self, changes: Changes) -> None:
        self._alerts |= {alert.alert_id: alert for alert in changes.alerts}
        self._steps |= {step.step_id: step for step in changes.steps}
        self._watches |= {watch.key: watch for watch in changes.watches}
        self._watches |= dict.fromkeys(changes.forgotten)
        known = {alert.alert_id: alert for alert in changes.alerts}
        for step in changes.steps:
            _log.warning("alert %s: %s: %s", known[step.alert_id].key, step.action, step.why)

    def _save(self, now_ns: int, escalate_ns: int) -> bool:
        if not self._alerts and not self._watches and not self._is_escalation_due(now_ns, escalate_ns):
            return False

        def save(unit: UnitOfWork) -> None:
            watches = [watch for watch in self._watches.values() if watch is not None]
            alerts.save(unit, self._alerts.values(), self._steps.values(), watches)
            alerts.forget_watches(unit, [key for key, watch in self._watches.items() if watch is None])
            alerts.escalate(unit, now_ns, escalate_ns)

        self._store.run(save)
        return True

    def _is_escalation_due(self, now_ns: int, escalate_ns: int) -> bool:
        """Whether an alert is old enough to ask the database: none, most of the time."""
        known = () if self._book is None or not escalate_ns else self._book.open_alerts
        return any(now_ns - alert.opened_ns >= escalate_ns for alert in known)


def make_scene(
    settings: Settings,
    cards: Mapping[str, Card],
    levels: Mapping[str, str],
    statuses: list[StationStatus],
    states: Mapping[str, ServerState],
    senders: Mapping[str, tuple[str, ...]],
) -> Scene:
    """What the stations share now.

    Parameters
    ----------
    settings : of the session
    cards : what is known of stations beside their seismology, by station id
    levels : usage by station id; others are full
    statuses : of the stations
    states : of the servers, by name
    senders : servers that sent a station's packets, by station id; for others the configuration says which are asked
    """
    asked = [(server.name, {station_of(each) for each in server.streams}) for server in settings.seedlink]

    def is_expected(station_id: str) -> bool:
        wanted = any(fnmatchcase(station_id, each) for _, patterns in asked for each in patterns)
        return wanted and levels.get(station_id, "full") == "full"

    groups = {}
    for station_id in (status.station_id for status in statuses):
        card = cards.get(station_id)
        names = senders.get(station_id) or (card.servers if card is not None else ())
        links = [Group(Kind.LINK, card.link)] if card is not None and card.link else []
        groups[station_id] = (*(Group(Kind.SERVER, name) for name in names), *links)
    sights = {
        name: ServerSight(state.phase is Phase.STREAMING, state.reason if state.phase is Phase.WAITING else "")
        for name, state in states.items()
    }
    return Scene(groups, sights, is_expected)
