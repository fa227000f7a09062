"""Which alerts are open: a pure function of statuses and evaluation times, with no clock of its own.

What it remembers is all in `Alert` and `Watch`: given those back, another process goes on as this one would have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from houfeng.times import NS_PER_S, seconds_ns
from stations.alerts import cause
from stations.alerts.alert import HOUSE, Alert, Group, Step, Watch
from stations.alerts.common import Common, is_thin, members, together
from stations.alerts.scene import Scene, is_bad, is_stale, is_unseen
from stations.alerts.settings import AlertSettings
from stations.alerts.words import Action, Kind, Severity
from stations.health.status import StationStatus

_HOUR_NS = 3600 * NS_PER_S
# A station that changes at every evaluation, each 5 s, is flapping beyond doubt; more need not be remembered.
_MAX_CHANGES = 32


@dataclass(frozen=True, slots=True)
class Changes:
    """What one evaluation brought.

    Parameters
    ----------
    alerts : as they are now, of those that changed
    steps : new ones
    watches : as they are now, of those that changed
    forgotten : keys of watches that say nothing any more
    """

    alerts: tuple[Alert, ...] = ()
    steps: tuple[Step, ...] = ()
    watches: tuple[Watch, ...] = ()
    forgotten: tuple[str, ...] = ()


class AlertBook:
    """Open alerts.

    Parameters
    ----------
    settings : when an alert is raised
    alerts, watches : what an earlier process remembered; closed alerts among them are passed over

    Attributes
    ----------
    settings : may be set between two evaluations
    """

    def __init__(self, settings: AlertSettings, alerts: Iterable[Alert] = (), watches: Iterable[Watch] = ()) -> None:
        self.settings = settings
        self._open = {alert.key: alert for alert in alerts if alert.closed_ns is None}
        self._watches = {watch.key: watch for watch in watches}
        self._closed: list[Alert] = []
        self._steps: list[Step] = []

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """Sorted by key."""
        return tuple(self._open[key] for key in sorted(self._open))

    def dismiss(self, alert_ids: Iterable[str]) -> None:
        """Somebody closed these: what they were about raises no other alert before it has been well."""
        ids = frozenset(alert_ids)
        for alert in [alert for alert in self._open.values() if alert.alert_id in ids]:
            del self._open[alert.key]
            for station_id in alert.active or alert.stations:
                watch = self._watches.get(station_id)
                if watch is not None and watch.since_ns is not None:
                    self._watches[station_id] = replace(watch, hushed=True)
            if alert.kind is not Kind.STATION:
                self._watches.pop(alert.key, None)

    def evaluate(self, statuses: Iterable[StationStatus], now_ns: int, scene: Scene) -> Changes:
        """Take one evaluation in.

        Parameters
        ----------
        statuses : of every station, in any order; only those used in full raise alerts
        now_ns : of the evaluation, ns UTC
        scene : what stations share, and how the servers are
        """
        opened, watched_before = dict(self._open), dict(self._watches)
        self._closed, self._steps = [], []
        every = {status.station_id: status for status in statuses}
        watched = {name: every[name] for name in sorted(every) if every[name].usage == "full"}
        self._let_go(every, now_ns, scene)
        taken = self._taken()
        for status in watched.values():
            self._observe(status, now_ns, taken)
        shared = members(scene, watched)
        for alert in [alert for alert in self.open_alerts if alert.kind is not Kind.STATION]:
            self._tend_common(alert, next((ids for g, ids in shared.items() if str(g) == alert.key), []), now_ns)
        while (found := self._found(shared)) is not None:
            self._open_common(found, now_ns, scene)
        taken = self._taken()
        for status in watched.values():
            self._tend_station(status, now_ns, scene, watched, status.station_id in taken)
        self._forget(now_ns)
        return self._changes(opened, watched_before)

    def _let_go(self, every: Mapping[str, StationStatus], now_ns: int, scene: Scene) -> None:
        """Forget stations that raise no alerts any more."""
        for key in sorted(key for key in self._watches.keys() | self._open.keys() if not _is_group(key)):
            status = every.get(key)
            if scene.is_expected(key) if status is None else status.usage == "full":
                continue
            usage = "is no longer watched" if status is None else f"is used for {status.usage} now"
            self._watches.pop(key, None)
            if key in self._open:
                self._close(self._open[key], now_ns, f"{key} {usage}")

    def _observe(self, status: StationStatus, now_ns: int, taken: Collection[str]) -> None:
        """Note since when a station is not well, or that it is again."""
        key, bad = status.station_id, is_bad(status)
        watch = self._watches.get(key, Watch(key))
        if bad and watch.since_ns is None:
            young = now_ns - status.since_ns < seconds_ns(self.settings.open_after_s)
            if is_unseen(status) and young:  # as every station is just after a start
                return
            watch = replace(_turned(watch, now_ns), since_ns=min(status.since_ns, now_ns))
        elif not bad and watch.since_ns is not None:
            watch = watch if key in taken else _turned(watch, now_ns)
            watch = replace(watch, since_ns=None, hushed=False)
        if not is_stale(status):
            watch = replace(watch, stale_ns=None)
        elif watch.stale_ns is None and watch.since_ns is not None:
            known = self._watches.get(key)
            was_bad = known is not None and known.since_ns is not None
            watch = replace(watch, stale_ns=now_ns if was_bad else watch.since_ns)
        self._watches[key] = watch

    def _stale(self, station_ids: Iterable[str]) -> dict[str, int]:
        """Since when each of these is stale, of those that are and that may be told of."""
        watches = (self._watches.get(station_id) for station_id in station_ids)
        return {
            watch.key: watch.stale_ns
            for watch in watches
            if watch is not None and watch.stale_ns is not None and not watch.hushed
        }

    def _free(self, station_ids: Iterable[str]) -> set[str]:
        return set(station_ids) - self._taken()

    def _taken(self) -> set[str]:
        """Stations that are stale with others."""
        return {station_id for alert in self._open.values() for station_id in alert.active}

    def _tend_common(self, alert: Alert, station_ids: list[str], now_ns: int) -> None:
        """An alert of several stations: who has come to it, who is well again, whether it is over."""
        watch = self._watches.get(alert.key, Watch(alert.key))
        alert = alert.left((name for name in alert.active if name not in self._stale([name])), now_ns)
        stale, free = self._stale(station_ids), self._free(station_ids)
        found = together(_group(alert), station_ids, stale, free, self.settings)
        if watch.since_ns is not None:
            began_ns = (
                alert.opened_ns - seconds_ns(self.settings.common_within_s) - seconds_ns(self.settings.open_after_s)
            )
            alert = self._join(alert, {name: t for name, t in stale.items() if name in free and t >= began_ns})
        elif found is not None:
            alert = self._join(alert, found.stale)
        thin = is_thin(len(alert.active), len(alert.children), self.settings)
        watch = replace(watch, stale_ns=(watch.stale_ns or now_ns) if thin else None)
        over = not alert.active or (
            watch.stale_ns is not None and now_ns - watch.stale_ns >= seconds_ns(self.settings.common_within_s)
        )
        if watch.since_ns is not None and over:
            watch = replace(_turned(watch, now_ns), since_ns=None)
        elif watch.since_ns is None and not thin:
            watch = replace(_turned(watch, now_ns), since_ns=now_ns)
        self._watches[alert.key] = watch
        self._open[alert.key] = alert = self._flapping(alert, watch, now_ns)
        if watch.since_ns is None and self._is_calm(alert, watch, now_ns):
            n_left, n = len(alert.active), len(alert.children)
            rest = f"; {n_left} left, each an alert of its own if it stays" if n_left else ""
            self._close(alert, now_ns, f"{n - n_left} of {n} stations are back{rest}")

    def _found(self, shared: Mapping[Group, list[str]]) -> Common | None:
        """The group that tells most of why stations went stale; of equal ones the smallest, which is nearest to it."""
        found = [
            common
            for group, station_ids in shared.items()
            if str(group) not in self._open
            and (
                common := together(group, station_ids, self._stale(station_ids), self._free(station_ids), self.settings)
            )
        ]
        return min(found, key=lambda common: (-len(common.stale), common.n_members, common.group), default=None)

    def _open_common(self, found: Common, now_ns: int, scene: Scene) -> None:
        why = cause.of_group(found, scene)
        key = str(found.group)
        alert = Alert(found.group.kind, key, Severity.CRITICAL, now_ns, why.word, why.sentence, facts=why.facts)
        self._open[key] = self._join(alert, found.stale)
        watch = _turned(self._watches.get(key, Watch(key)), now_ns)
        self._watches[key] = replace(watch, since_ns=now_ns, stale_ns=None)
        self._note(alert, now_ns, Action.OPENED, why.sentence)
        self._open[key] = self._flapping(self._open[key], self._watches[key], now_ns)

    def _join(self, alert: Alert, joining: Mapping[str, int]) -> Alert:
        """What these stations did last they did together: it is no change of theirs."""
        for name in joining.keys() - alert.active:
            watch = self._watches[name]
            if watch.stale_ns is not None and watch.changes_ns[-1:] >= (watch.stale_ns,):
                self._watches[name] = replace(watch, changes_ns=watch.changes_ns[:-1])
        return alert.joined(joining.items()) if joining else alert

    def _tend_station(
        self, status: StationStatus, now_ns: int, scene: Scene, watched: Mapping[str, StationStatus], is_taken: bool
    ) -> None:
        key = status.station_id
        watch, alert = self._watches[key] if key in self._watches else Watch(key), self._open.get(key)
        if alert is not None:
            self._open[key] = alert = self._flapping(alert, watch, now_ns)
            if watch.since_ns is None and self._is_calm(alert, watch, now_ns):
                self._close(alert, now_ns, f"{key} is well again")
            return
        if watch.hushed or is_taken:
            return
        flaps = self._n_changes(watch, now_ns) > self.settings.flapping_per_hour
        lasts = watch.since_ns is not None and now_ns - watch.since_ns >= self._patience_ns(watch)
        if flaps or lasts:
            why = cause.of_station(status, watched, self._stale(watched), scene)
            severity = Severity.MINOR if flaps or why.is_mild else Severity.MAJOR
            alert = Alert(Kind.STATION, key, severity, now_ns, why.word, why.sentence, facts=why.facts)
            self._note(alert, now_ns, Action.OPENED, why.sentence)
            self._open[key] = self._flapping(alert, watch, now_ns)

    def _patience_ns(self, watch: Watch) -> int:
        """How long a station is given: one that is stale may be the first of many."""
        patience_ns = seconds_ns(self.settings.open_after_s)
        return patience_ns if watch.stale_ns is None else max(patience_ns, seconds_ns(self.settings.common_within_s))

    def _n_changes(self, watch: Watch, now_ns: int) -> int:
        return sum(now_ns - t_ns < _HOUR_NS for t_ns in watch.changes_ns)

    def _is_calm(self, alert: Alert, watch: Watch, now_ns: int) -> bool:
        """Whether an alert may be closed: one that flaps waits until it does clearly less."""
        return not alert.flapping or self._n_changes(watch, now_ns) * 2 <= self.settings.flapping_per_hour

    def _flapping(self, alert: Alert, watch: Watch, now_ns: int) -> Alert:
        """The alert, said to flap once it does."""
        n_changes = self._n_changes(watch, now_ns)
        if alert.flapping or n_changes <= self.settings.flapping_per_hour:
            return alert
        self._note(alert, now_ns, Action.FLAPPING, f"{n_changes} changes within an hour")
        return replace(alert, flapping=True)

    def _close(self, alert: Alert, now_ns: int, why: str) -> None:
        del self._open[alert.key]
        closed = replace(alert.left(alert.active, now_ns), closed_ns=now_ns)
        self._closed.append(closed)
        self._note(closed, now_ns, Action.CLOSED, why)

    def _note(self, alert: Alert, now_ns: int, action: Action, why: str) -> None:
        self._steps.append(Step(alert.alert_id, now_ns, action, HOUSE, why))

    def _forget(self, now_ns: int) -> None:
        """Watches that say nothing: well, and no change in the last hour."""
        for key, watch in list(self._watches.items()):
            quiet = watch.since_ns is None and key not in self._open
            if quiet and not self._n_changes(watch, now_ns):
                del self._watches[key]

    def _changes(self, alerts: Mapping[str, Alert], watches: Mapping[str, Watch]) -> Changes:
        changed = [alert for alert in self.open_alerts if alerts.get(alert.key) != alert]
        return Changes(
            alerts=(*self._closed, *changed),
            steps=tuple(self._steps),
            watches=tuple(w for key, w in sorted(self._watches.items()) if watches.get(key) != w),
            forgotten=tuple(sorted(watches.keys() - self._watches.keys())),
        )


def _is_group(key: str) -> bool:
    """Whether a key is of a group, `server geofon`; ids of stations have no blank."""
    return " " in key


def _group(alert: Alert) -> Group:
    return Group(alert.kind, alert.key.partition(" ")[2])


def _turned(watch: Watch, now_ns: int) -> Watch:
    """With one more change between well and not well."""
    recent = [t_ns for t_ns in watch.changes_ns if now_ns - t_ns < _HOUR_NS]
    return replace(watch, changes_ns=(*recent, now_ns)[-_MAX_CHANGES:])
