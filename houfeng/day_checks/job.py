"""What a day of samples says of every channel, kept in the database: made once, and anew when anything of it changes.

A row stands beside what it was made from, as the noise of days does; here that is also what the channel was compared
with: the other components of its sensor, its neighbour, its metadata and large events.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from acquisition.mseed_flags import flag_names
from acquisition.waveform_files import ArchiveWindows
from database import day_checks, holdings, noise_days, queries
from database.day_checks import DayCheck
from database.store import Store
from detection.inspection.stretches import stretches
from houfeng.day_checks.context import Context, Prints, is_same_sensor
from houfeng.day_checks.orienting import turned
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import SourceId
from stations.health.day_checks import (
    CROSS_TALK_HZ,
    Counts,
    Likeness,
    cross_talk,
    half_hours,
    long_waves,
    means,
    n_distinct,
    polarity,
)
from stations.health.noise import STEP_NS
from stations.health.orientation import LEAST_MAGNITUDE
from stations.health.rules import is_ground_motion
from stations.inventory import Inventory

_DAY_NS = 86_400 * NS_PER_S
# Days of long waves that are kept for the next station, 86 kB each.
_MAX_WAVES = 600


class _Day(NamedTuple):
    """What one channel's day has for itself, and for comparing with others."""

    flags: Counter[str]
    n_records: int
    n_unique: int
    rate_hz: float
    parts: Counts | None
    waves: Counts | None


class DayChecks:
    """Days of one archive, in the database.

    Parameters
    ----------
    root : folder of the archive; `houfeng.indexing.ArchiveIndex` keeps what the database says of it up to date
    store : open
    delay_s : how long after its end a day is first looked at, seconds
    go_on : asked between stations' days; False ends `update` early
    """

    def __init__(self, root: Path, store: Store, delay_s: float, go_on: Callable[[], bool] = lambda: True) -> None:
        self._store = store
        self._delay_ns = seconds_ns(delay_s)
        self._go_on = go_on
        self._windows = ArchiveWindows(root)
        self._waves: OrderedDict[tuple[SourceId, int, str], Counts | None] = OrderedDict()

    def update(self, inventory: Inventory, now_ns: int) -> int:
        """Bring the database up to date.

        Parameters
        ----------
        inventory : places, orientations, rates and responses of the channels
        now_ns : present time, ns UTC

        Returns
        -------
        number of days of channels that were made

        Raises
        ------
        StoreError : if the database does not answer; what was not done is done the next time
        ArchiveError : if a file cannot be read
        """
        with self._store.read() as snapshot:
            source_ids = [each for each in holdings.streams(snapshot) if is_ground_motion(each.channel)]
            known = sorted({*source_ids, *day_checks.channels(snapshot)})
            events = queries.events(snapshot, min_magnitude=LEAST_MAGNITUDE)
        until_ns = now_ns - self._delay_ns - _DAY_NS - STEP_NS
        context = Context(inventory, source_ids, events)
        n_made = 0
        for _, group in groupby(known, key=lambda each: each.station_id):
            n_made += self._update_station(list(group), context, until_ns)
        return n_made

    def _update_station(self, source_ids: list[SourceId], context: Context, until_ns: int) -> int:
        near = {each: context.neighbour(each) for each in source_ids}
        with self._store.read() as snapshot:
            every = [*source_ids, *(other for other in near.values() if other is not None)]
            prints = {each: noise_days.prints(snapshot, each, until_ns + 1) for each in every}
            made = {each: day_checks.made_from(snapshot, each) for each in source_ids}
        gone = {each: [day for day in days if day not in prints[each]] for each, days in made.items()}
        if any(gone.values()):
            self._store.run(lambda unit: day_checks.forget(unit.connection, gone))
        n_made = 0
        for day_ns in sorted({day for each in source_ids for day in prints[each]}):
            here = [each for each in source_ids if day_ns in prints[each]]
            wanted = {each: context.made_from(each, day_ns, here, near[each], prints) for each in here}
            if all(made[each].get(day_ns) == seen for each, seen in wanted.items()):
                continue
            if not self._go_on():
                return n_made
            rows = self._station_day(day_ns, wanted, near, context, prints)
            self._store.run(lambda unit, rows=rows: day_checks.save(unit.connection, rows))  # type: ignore[misc]
            n_made += len(rows)
        return n_made

    def _station_day(
        self,
        day_ns: int,
        wanted: Mapping[SourceId, str],
        near: Mapping[SourceId, SourceId | None],
        context: Context,
        prints: Prints,
    ) -> list[tuple[SourceId, DayCheck]]:
        days = {each: self._day(each, day_ns) for each in wanted}
        for each, day in days.items():
            self._remember((each, day_ns, prints[each][day_ns]), day.waves)
        bearings = turned(list(wanted), day_ns, context, self._windows)
        rows = []
        for source_id, seen in wanted.items():
            day, off = days[source_id], bearings.get(source_id)
            alike = _most_alike(source_id, days)
            same = self._same_waves(source_id, near[source_id], day_ns, context, prints)
            channel, response = context.rates(source_id, day_ns, day.rate_hz)
            row = DayCheck(
                day_ns,
                seen,
                n_records=day.n_records,
                sample_unique=day.n_unique if day.rate_hz else None,
                cross_talk=None if alike is None else alike.correlation,
                cross_talk_with="" if alike is None else alike.other,
                polarity_check=None if same is None else same.correlation,
                polarity_with="" if same is None else same.other,
                orientation_check=None if off is None else off.off_deg,
                orientation_correlation=None if off is None else off.correlation,
                sample_rate_channel=channel,
                sample_rate_resp=response,
                flags=day.flags,
            )
            rows.append((source_id, row))
        return rows

    def _same_waves(
        self, source_id: SourceId, other: SourceId | None, day_ns: int, context: Context, prints: Prints
    ) -> Likeness | None:
        if other is None or day_ns not in prints[other] or not context.is_parallel(source_id, other, day_ns):
            return None
        one, two = (self._waves_of(each, day_ns, prints[each][day_ns]) for each in (source_id, other))
        far_km = context.distance_km(source_id, other)
        if one is None or two is None or far_km is None:
            return None
        same = polarity(one, two, far_km)
        return None if same is None else Likeness(str(other), same)

    def _day(self, source_id: SourceId, day_ns: int) -> _Day:
        packets = self._windows([source_id], day_ns, day_ns + _DAY_NS)
        begun = [packet for packet in packets if day_ns <= packet.start_ns < day_ns + _DAY_NS]
        flags = Counter(name for packet in begun for name in flag_names(packet.raw))
        found = stretches(packets, day_ns, day_ns + _DAY_NS)
        by_rate: Counter[float] = Counter()
        for stretch in found:
            by_rate[stretch.rate_hz] += len(stretch.samples)
        if not by_rate:
            return _Day(flags, len(begun), 0, 0.0, None, None)
        rate_hz = max(by_rate, key=lambda each: (by_rate[each], each))
        n_unique = n_distinct(stretch.samples for stretch in found)
        found = tuple(stretch for stretch in found if stretch.rate_hz == rate_hz)
        return _Day(flags, len(begun), n_unique, rate_hz, _parts(found, day_ns), long_waves(found, day_ns))

    def _waves_of(self, source_id: SourceId, day_ns: int, seen: str) -> Counts | None:
        key = source_id, day_ns, seen
        if key not in self._waves:
            self._remember(key, self._day(source_id, day_ns).waves)
        return self._waves[key]

    def _remember(self, key: tuple[SourceId, int, str], waves: Counts | None) -> None:
        self._waves[key] = waves
        self._waves.move_to_end(key)
        if len(self._waves) > _MAX_WAVES:
            self._waves.popitem(last=False)


def _parts(found: Sequence[Stretch], day_ns: int) -> Counts:
    return half_hours(*means(found, day_ns, CROSS_TALK_HZ))


def _most_alike(source_id: SourceId, days: Mapping[SourceId, _Day]) -> Likeness | None:
    """The component of the same sensor that is the most like this one."""
    own = days[source_id].parts
    found = []
    for other, day in days.items():
        if other == source_id or not is_same_sensor(source_id, other) or own is None or day.parts is None:
            continue
        correlation = cross_talk(own, day.parts) if own.shape == day.parts.shape else None
        if correlation is not None:
            found.append(Likeness(str(other), correlation))
    return max(found, key=lambda each: (abs(each.correlation), each.other), default=None)
