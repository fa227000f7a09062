"""What a day of a channel is compared with: neighbours, metadata, large events. It changes only when these do."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence

from database.records import EventRow
from houfeng.errors import InventoryError
from houfeng.types import SourceId
from stations.distance import distance_km
from stations.health.orientation import off_deg
from stations.inventory import ChannelEpoch, Inventory
from stations.responsexml import Responses

# Neighbours of which a long wave is the same.
_NEAR_KM = 100.0
_ALIKE_DEG = 5.0
# As MUSTANG has them: what metadata and records may differ by, and a response and records.
_OFF_CHANNEL, _OFF_RESPONSE = 0.01, 0.15

Prints = Mapping[SourceId, Mapping[int, str]]


def is_same_sensor(one: SourceId, other: SourceId) -> bool:
    """Whether two channels are components of one sensor, at one rate."""
    return (one.station_id, one.location, one.channel[:2]) == (other.station_id, other.location, other.channel[:2])


class Context:
    """What all channels of one update share.

    Parameters
    ----------
    inventory : places, orientations, rates and responses
    source_ids : of the archive, ground motion
    events : large enough to show orientations
    """

    def __init__(self, inventory: Inventory, source_ids: Collection[SourceId], events: Sequence[EventRow]) -> None:
        self.inventory = inventory
        self.events = events
        self._responses = Responses(inventory)
        self._by_channel: dict[str, list[SourceId]] = {}
        for source_id in sorted(source_ids):
            self._by_channel.setdefault(source_id.channel, []).append(source_id)

    def distance_km(self, one: SourceId, other: SourceId) -> float | None:
        """Between two stations; None where the place of one is not known."""
        sites = self.inventory.sites
        if one.station_id not in sites or other.station_id not in sites:
            return None
        return distance_km(sites[one.station_id], sites[other.station_id])

    def neighbour(self, source_id: SourceId) -> SourceId | None:
        """The channel of the same name at the nearest other station, of the same location code where it has that."""
        found = []
        for other in self._by_channel.get(source_id.channel, ()):
            far_km = None if other.station_id == source_id.station_id else self.distance_km(source_id, other)
            if far_km is not None and far_km <= _NEAR_KM:
                found.append((far_km, other.location != source_id.location, other))
        return min(found)[2] if found else None

    def is_parallel(self, one: SourceId, other: SourceId, t_ns: int) -> bool:
        """Whether two channels of one name point the same way, as far as the metadata tells."""
        epochs = [self.inventory.epoch_at(each, t_ns) for each in (one, other)]
        azimuths = [each.azimuth_deg for each in epochs if each is not None and each.azimuth_deg is not None]
        is_vertical = one.channel.endswith("Z")
        return is_vertical or len(azimuths) < 2 or abs(off_deg(azimuths[0], azimuths[1])) <= _ALIKE_DEG

    def made_from(
        self, source_id: SourceId, day_ns: int, here: Sequence[SourceId], near: SourceId | None, prints: Prints
    ) -> str:
        """Print of all that the row of a day depends on.

        Parameters
        ----------
        here : channels of the station that have records of the day
        near : the neighbour
        prints : of what is archived, by channel and day
        """
        seen: list[object] = [(str(each), prints[each][day_ns]) for each in here]
        seen += [_told(self.inventory.epoch_at(each, day_ns)) for each in here]
        seen.append(None if near is None else (str(near), prints[near].get(day_ns), self.distance_km(source_id, near)))
        seen.append(None if near is None else self.is_parallel(source_id, near, day_ns))
        seen.append(self._response_rate_hz(source_id, day_ns))
        seen += [(event.origin.time_ns, event.public_id) for event in self.events if event.origin is not None]
        return f"{zlib.crc32(repr(seen).encode()):08x}"

    def rates(self, source_id: SourceId, day_ns: int, rate_hz: float) -> tuple[int | None, int | None]:
        """Whether the metadata, and the response in it, are of another rate than the records: 1 if so, 0 if not."""
        epoch = self.inventory.epoch_at(source_id, day_ns)
        stated_hz = None if epoch is None else epoch.sample_rate_hz or None
        return _is_off(stated_hz, rate_hz, _OFF_CHANNEL), _is_off(
            self._response_rate_hz(source_id, day_ns), rate_hz, _OFF_RESPONSE
        )

    def _response_rate_hz(self, source_id: SourceId, t_ns: int) -> float | None:
        try:
            return self._responses.at(source_id, t_ns).rate_hz
        except InventoryError:
            return None


def _told(epoch: ChannelEpoch | None) -> object:
    if epoch is None:
        return None
    return epoch.azimuth_deg, epoch.dip_deg, epoch.sample_rate_hz, epoch.gain, epoch.latitude_deg, epoch.longitude_deg


def _is_off(stated_hz: float | None, rate_hz: float, share: float) -> int | None:
    if stated_hz is None or not rate_hz:
        return None
    return int(abs(stated_hz - rate_hz) > share * rate_hz)
