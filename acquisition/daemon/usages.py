"""What operators said of stations since the configuration was written: how they are used, and what they hang on."""

from __future__ import annotations

from collections.abc import Mapping

from acquisition.daemon.jobs import Job
from acquisition.daemon.link import StoreLink
from configs import Settings
from database import registry
from database.store import Store
from houfeng.network import Network
from houfeng.types import SourceId
from stations.card import Card, Corrections
from stations.health import HealthMonitor, StationStatus
from stations.health.metadata import Metadata, findings
from stations.usage import UsageChange, usage_at


class Usages:
    """Keeps health told of how stations are used, and alerts of what they share.

    What operators said is read anew at every report; while the database is away the last that was known counts.

    Parameters
    ----------
    store, link : of the session
    health : made of what the configuration says
    settings, network : of the session
    """

    def __init__(
        self, store: Store, link: StoreLink, health: HealthMonitor, settings: Settings, network: Network
    ) -> None:
        self._store = store
        self._link = link
        self._health = health
        self._settings = settings
        self._network = network
        self._changes: Mapping[str, UsageChange] = {}
        self._corrections: Mapping[str, Corrections] = {}
        self._levels = dict(network.usages)

    @property
    def levels(self) -> Mapping[str, str]:
        """Usage by station id; others are full."""
        return self._levels

    @property
    def cards(self) -> Mapping[str, Card]:
        """What is known of stations beside their seismology, by station id."""
        known = self._network.cards
        corrected = {key: known[key].corrected(by) for key, by in self._corrections.items() if key in known}
        return {**known, **corrected}

    def take_on(self, settings: Settings, network: Network) -> None:
        """Go on with other servers and stations."""
        self._settings, self._network = settings, network
        self._levels = dict(network.usages)
        self._expect()

    def metadata_job(self) -> Job:
        """Does `check_metadata` once: another inventory is another session."""
        return Job("metadata", 86_400, self.check_metadata, first_s=0.0)

    def check_metadata(self) -> None:
        """Let health know what the packets may contradict; in any thread, for 0.06 s a megabyte of StationXML."""
        inventory = self._network.inventory
        self._health.metadata = Metadata(inventory, findings(inventory))

    def refresh(self, t_ns: int, statuses: list[StationStatus]) -> None:
        """Tell health what has changed.

        Parameters
        ----------
        t_ns : now, ns UTC: what operators said may end
        statuses : of the last report; a word about a station that exists nowhere is not heard
        """
        self._link.do(self._read)
        configured = self._network.usages
        present = {*configured, *self._network.inventory.sites, *(status.station_id for status in statuses)}
        levels = dict(configured)
        for station_id, change in self._changes.items():
            # one that is off has no status, and would be forgotten to be off
            if station_id in present or self._levels.get(station_id) == "off":
                levels[station_id] = usage_at(configured.get(station_id, "full"), change, t_ns).level
        if levels != self._levels:
            self._levels = levels
            self._expect()

    def _expect(self) -> None:
        levels, servers = self._levels, self._settings.seedlink

        def is_received(channel: SourceId) -> bool:
            return levels.get(channel.station_id) != "off" and any(server.wants(channel) for server in servers)

        self._health.expect(self._network.wanted, levels, is_received)

    def _read(self) -> bool:
        with self._store.read() as snapshot:
            self._changes = registry.usage_changes(snapshot)
            self._corrections = registry.corrections(snapshot)
        return False  # a full disk can be read: whether the database is up the next write tells
