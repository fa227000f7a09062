"""Packets in, station statuses out: one monitor watches every channel of the house."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from houfeng.types import Packet, SourceId, Span
from stations.health.beside import SohRules, metadata_verdicts, of_location
from stations.health.channel import DAY_NS, ChannelWatch
from stations.health.hysteresis import Held, Turns
from stations.health.measured import Measured, MeasuredRules
from stations.health.metadata import Metadata
from stations.health.rules import LATENCY, NO_DATA, WAVEFORM_RULES, Rulebook, Verdict, is_ground_motion
from stations.health.status import ChannelStatus, Reading, State, StationStatus, worst
from stations.health.summary import station_metrics, station_reason
from stations.health.words import recovering
from stations.inventory import Inventory
from stations.settings import HealthSettings

_NONE_KNOWN = Metadata(Inventory({}))
_NOT_MEASURED = Measured()


class HealthMonitor:
    """Health of stations, kept up to date by `observe` and told by `evaluate`.

    It has no clock: the watch begins with the first packet's arrival or the first evaluation. Statuses depend on
    packets and evaluation times alone. Memory is bounded per channel; channels are never forgotten, because a
    channel that stopped sending is just what an operator must be told of.

    Parameters
    ----------
    settings : limits of the rules
    wanted : channels that must be there; they alone decide their station's state, unless the settings name others
        (`required_channels`). A station without a wanted channel is decided by its ground-motion channels, by all of
        them where it has none
    usages : usage level by station id, `full` for others. Stations named here are reported even before they send;
        those that are `off` never are
    is_calibrating : whether a packet's record says that a calibration signal is on it
    is_clipped : whether it says that the digitiser clipped or the amplifier was saturated

    Attributes
    ----------
    metadata : that packets may contradict, and that scale state of health; may be set between two evaluations
    measured : what was measured on the archive, by channel; may be set between two evaluations
    measured_at_first : of a channel that is not in it
    """

    def __init__(
        self,
        settings: HealthSettings,
        wanted: Iterable[SourceId] = (),
        usages: Mapping[str, str] | None = None,
        *,
        is_calibrating: Callable[[Packet], bool] = lambda packet: False,
        is_clipped: Callable[[Packet], bool] = lambda packet: False,
    ) -> None:
        self._settings = settings
        self.metadata = _NONE_KNOWN
        self.measured: Mapping[SourceId, Measured] = {}
        self.measured_at_first = _NOT_MEASURED
        self._is_calibrating, self._is_clipped = is_calibrating, is_clipped
        self._soh = SohRules(settings)
        self._expect(wanted, usages or {})
        self._is_received: Callable[[SourceId], bool] = lambda source_id: True
        self._began_ns: int | None = None
        self._channels: dict[SourceId, ChannelWatch] = {}
        self._rules = Rulebook(settings)
        self._measured_rules = MeasuredRules(settings)
        self._held: dict[SourceId, dict[str, Held]] = {}
        self._turns: dict[SourceId | str, Turns] = {}

    def expect(
        self, wanted: Iterable[SourceId], usages: Mapping[str, str], is_received: Callable[[SourceId], bool]
    ) -> None:
        """Go on with other stations, without forgetting what is known of those that stay.

        Parameters
        ----------
        wanted, usages : as for a new monitor
        is_received : whether a channel is still received; others are forgotten, and their late packets with them
        """
        self._expect(wanted, usages)
        self._is_received = is_received
        for source_id in [source_id for source_id in self._channels if not is_received(source_id)]:
            del self._channels[source_id]
            self._held.pop(source_id, None)
            self._turns.pop(source_id, None)

    def observe(self, packets: Iterable[Packet]) -> None:
        """Count packets in, in any order; a log record, which has no samples, says nothing."""
        for packet in packets:
            watch = self._channels.get(packet.source_id)
            if watch is None and packet.n_samples:
                watch = self._new_channel(packet.source_id, packet.received_ns or packet.next_ns)
            if watch is not None:
                is_calibrating, is_clipped = self._is_calibrating(packet), self._is_clipped(packet)
                watch.observe(packet, is_calibrating=is_calibrating, is_clipped=is_clipped)

    def cover(self, source_id: SourceId, span: Span, arrived_ns: int, n_records: int) -> None:
        """Count in adjoining packets of one channel that nobody has time to look into: all but their samples.

        Parameters
        ----------
        span : from the first of them to the end of the last
        arrived_ns : when the last one came, ns UTC
        n_records : how many they are
        """
        if span.start_ns == span.end_ns:  # log records
            return
        watch = self._channels.get(source_id) or self._new_channel(source_id, arrived_ns or span.end_ns)
        if watch is not None:
            watch.cover(*span, arrived_ns, n_records)

    def evaluate(self, now_ns: int) -> list[StationStatus]:
        """Status of every station, sorted by id.

        Parameters
        ----------
        now_ns : time of this evaluation, ns UTC; every few seconds, or hysteresis makes statuses slow
        """
        began_ns = self._begin(now_ns)
        stations: dict[str, list[ChannelWatch]] = {
            station_id: [] for station_id in self._usages if self._is_evaluated(station_id)
        }
        for source_id in self._wanted:
            if source_id not in self._channels:
                self._channels[source_id] = ChannelWatch(source_id, began_ns, self._settings)
        for watch in self._channels.values():
            watch.forget_before(now_ns - DAY_NS)
            stations.setdefault(watch.source_id.station_id, []).append(watch)
        return [self._station(station_id, stations[station_id], now_ns) for station_id in sorted(stations)]

    def _expect(self, wanted: Iterable[SourceId], usages: Mapping[str, str]) -> None:
        self._usages = dict(usages)
        self._wanted = frozenset(source_id for source_id in wanted if self._is_evaluated(source_id.station_id))

    def _begin(self, t_ns: int) -> int:
        if self._began_ns is None:
            self._began_ns = t_ns
        return self._began_ns

    def _is_evaluated(self, station_id: str) -> bool:
        return self._usages.get(station_id) != "off"

    def _new_channel(self, source_id: SourceId, arrived_ns: int) -> ChannelWatch | None:
        if not self._is_evaluated(source_id.station_id) or not self._is_received(source_id):
            return None
        began_ns = self._begin(arrived_ns)
        # Nobody asked for an unknown channel before it first came.
        watch = ChannelWatch(source_id, began_ns if source_id in self._wanted else arrived_ns, self._settings)
        self._channels[source_id] = watch
        return watch

    def _required(self, watches: list[ChannelWatch]) -> frozenset[SourceId]:
        source_ids = frozenset(watch.source_id for watch in watches)
        if patterns := self._settings.required_channels:
            named = frozenset(each for each in source_ids if any(fnmatchcase(str(each), one) for one in patterns))
            if named:
                return named
        motion = frozenset(source_id for source_id in source_ids if is_ground_motion(source_id.channel))
        return (source_ids & self._wanted) or motion or source_ids

    def _station(self, station_id: str, watches: list[ChannelWatch], now_ns: int) -> StationStatus:
        usage = self._usages.get(station_id, "full")
        required = self._required(watches)
        beside = self._beside(watches, now_ns)
        channels = tuple(
            self._channel(watch, watch.source_id in required, usage, beside[watch.source_id], now_ns)
            for watch in sorted(watches, key=lambda watch: watch.source_id)
        )
        deciding = [channel for channel in channels if channel.required]
        state = worst(channel.state for channel in deciding)
        since_ns = self._since_ns(station_id, state, now_ns)
        return StationStatus(
            station_id=station_id,
            state=state,
            reason=station_reason(state, deciding) if deciding else NO_DATA,
            since_ns=since_ns,
            evaluated_ns=now_ns,
            usage=usage,
            metrics=station_metrics([channel.metrics for channel in deciding]),
            channels=channels,
            flapping=self._turns[station_id].is_flapping(now_ns, self._settings.flapping_per_hour),
        )

    def _beside(self, watches: list[ChannelWatch], now_ns: int) -> dict[SourceId, list[Verdict]]:
        """What metadata, state of health and measures of the archive say of each channel of one station."""
        soh = self._soh.judge(watches, self.metadata, now_ns)
        motion = {each.source_id.location for each in watches if is_ground_motion(each.source_id.channel)}
        found = {}
        for watch in watches:
            source_id = watch.source_id
            found[source_id] = metadata_verdicts(watch, self.metadata, now_ns)
            found[source_id] += self._measured_rules.judge(
                self.measured.get(source_id, self.measured_at_first),
                channel=source_id.channel,
                began_ns=watch.began_ns,
                now_ns=now_ns,
                patience=watch.patience(),
            )
            if soh and is_ground_motion(source_id.channel):
                found[source_id] += of_location(soh, source_id.location, motion)
        return found

    def _channel(
        self, watch: ChannelWatch, required: bool, usage: str, beside: list[Verdict], now_ns: int
    ) -> ChannelStatus:
        metrics = watch.metrics(now_ns)
        verdicts = self._rules.judge(
            metrics,
            channel=watch.source_id.channel,
            timing_seen=watch.timing_seen,
            patience=watch.patience(),
            future_s=watch.future_s(now_ns),
            calibrating=watch.is_calibrating(now_ns),
        )
        flowing = verdicts[0].state is State.OK
        held = self._held.setdefault(watch.source_id, {})
        readings = tuple(self._reading(held, verdict, usage, flowing, now_ns) for verdict in (*verdicts, *beside))
        voting = [reading for reading in readings if reading.votes]
        state = worst(reading.state for reading in voting)
        return ChannelStatus(
            source_id=str(watch.source_id),
            state=state,
            reason=next(reading.reason for reading in voting if reading.state is state),
            since_ns=self._since_ns(watch.source_id, state, now_ns),
            required=required,
            metrics=metrics,
            readings=readings,
        )

    def _reading(
        self, held_by_rule: dict[str, Held], verdict: Verdict, usage: str, flowing: bool, now_ns: int
    ) -> Reading:
        held = held_by_rule.get(verdict.rule)
        if held is None:
            held = held_by_rule[verdict.rule] = Held(now_ns)
        state = held.update(verdict.state, now_ns, self._settings)
        text = ""
        if state is not State.OK:
            is_better = state is not State.UNKNOWN and held.is_better(verdict.state)
            text = recovering(verdict.reason(state)) if is_better else verdict.reason(state)
        return Reading(
            rule=verdict.rule,
            metric=verdict.metric,
            state=state,
            value=verdict.value,
            limit=verdict.limit(state),
            unit=verdict.unit,
            since_ns=held.since_ns,
            reason=text,
            votes=_votes(verdict, state, held, flowing, usage),
        )

    def _since_ns(self, key: SourceId | str, state: State, now_ns: int) -> int:
        known = self._turns.get(key)
        if known is None:
            known = self._turns[key] = Turns(state, now_ns)
        return known.update(state, now_ns)


def _votes(verdict: Verdict, state: State, held: Held, flowing: bool, usage: str) -> bool:
    """Whether a reading counts.

    A rule other than latency that is UNKNOWN counts only where evidence has gone missing while data flow: before
    the first minute is full nothing is missing yet, and when data stop, latency says so for all. What was measured on
    the archive knows itself whether it should be there.
    """
    if verdict.rule == LATENCY:
        return True
    if usage == "telemetry-only" and verdict.rule in WAVEFORM_RULES:
        return False
    if state is not State.UNKNOWN:
        return True
    if verdict.overdue is not None:
        return verdict.overdue and flowing
    return verdict.state is State.UNKNOWN and held.had_evidence and flowing
