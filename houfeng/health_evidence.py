"""Evidence for the status rule out of the database, kept up to date while channels are measured."""

from __future__ import annotations

from collections.abc import Mapping

from database import evidence, measures
from database.measures import DAY_NS, TABLES
from database.store import Store
from houfeng.types import SourceId
from stations.health.measured import DayEvidence, HourEvidence, Measured
from stations.health.rules import is_ground_motion
from stations.settings import HealthSettings, MetricsSettings


class HealthEvidence:
    """What was measured on every channel of ground motion, as far as anything measures.

    It has nothing of its own: the rows in the database are a function of the records, so a restart finds the same.

    Parameters
    ----------
    store : open
    health, metrics : how old days may be, and what is measured at all
    """

    def __init__(self, store: Store, health: HealthSettings, metrics: MetricsSettings) -> None:
        self._store = store
        self._days_back_ns = round((health.day_stale_days + 1) * DAY_NS)
        self._has_hours = metrics.interval_s > 0
        self._has_days = metrics.noise_interval_h > 0
        self._hours: Mapping[SourceId, HourEvidence] = {}
        self._days: Mapping[SourceId, DayEvidence] = {}

    @property
    def at_first(self) -> Measured:
        """Of a channel that nothing was measured on yet."""
        return Measured(HourEvidence(0) if self._has_hours else None, DayEvidence() if self._has_days else None)

    @property
    def known(self) -> dict[SourceId, Measured]:
        """By channel."""
        nothing = self.at_first
        return {
            each: Measured(self._hours.get(each, nothing.hour), self._days.get(each, nothing.days))
            for each in {*self._hours, *self._days}
        }

    def read_hours(self, now_ns: int) -> None:
        """Look at the last hour of every channel.

        Parameters
        ----------
        now_ns : present time, ns UTC; what is later is not looked at

        Raises
        ------
        StoreError : if the database does not answer
        """
        if self._has_hours:
            with self._store.read() as snapshot:
                self._hours = {each: evidence.hour(snapshot, each, now_ns) for each in self._channels()}

    def read_days(self, now_ns: int) -> None:
        """Look at the noise and the checks of the last days.

        Parameters
        ----------
        now_ns : present time, ns UTC; it decides how far back to look, and nothing else

        Raises
        ------
        StoreError : if the database does not answer
        """
        if self._has_days:
            since_ns = (now_ns - self._days_back_ns) // DAY_NS * DAY_NS
            with self._store.read() as snapshot:
                self._days = {each: evidence.days(snapshot, each, since_ns) for each in self._channels()}

    def _channels(self) -> list[SourceId]:
        with self._store.read() as snapshot:
            return [each for each in measures.channels(snapshot, TABLES["day"]) if is_ground_motion(each.channel)]
