"""What stations are: sites, channel epochs and the StationXML documents that say so."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from houfeng.types import SourceId


@dataclass(frozen=True, slots=True)
class Site:
    """Where one station stands.

    Parameters
    ----------
    station_id : network and station code, `KR.NRN`
    latitude_deg, longitude_deg : WGS 84, -90..90 and -180..180
    elevation_m : ground surface above sea level, metres
    name : as the owner writes it, in its own script; "" when unknown
    country : ISO 3166 alpha-2; "" when unknown
    """

    station_id: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    name: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class ChannelEpoch:
    """One channel while nothing about it changed: from `start_ns` (inclusive) to `end_ns` (exclusive).

    Parameters
    ----------
    source_id : channel
    start_ns : ns UTC
    end_ns : ns UTC; None while the epoch is open
    latitude_deg, longitude_deg : of the sensor
    elevation_m : of the ground above the sensor, metres above sea level
    depth_m : of the sensor below the ground, metres
    azimuth_deg : 0..360 clockwise from north; None when the document has none
    dip_deg : -90 (up) to 90 (down); None when the document has none
    sample_rate_hz : samples per second; 0 when the document has none (log channels)
    gain : counts per `gain_unit` at the frequency of the stated sensitivity; None when none is stated
    gain_unit : unit of the ground motion or quantity, as written (`M/S`, `m/s**2`, `V`); "" without a gain
    """

    source_id: SourceId
    start_ns: int
    end_ns: int | None
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    depth_m: float
    azimuth_deg: float | None
    dip_deg: float | None
    sample_rate_hz: float
    gain: float | None = None
    gain_unit: str = ""

    def covers(self, t_ns: int) -> bool:
        """Whether the epoch holds at this time."""
        return self.start_ns <= t_ns and (self.end_ns is None or t_ns < self.end_ns)


@dataclass(frozen=True, slots=True)
class InventoryDocument:
    """One StationXML document as it came: responses are read from it when somebody needs them.

    Parameters
    ----------
    name : file name or address it came from
    sha256 : 64 hexadecimal digits of the content
    content : the whole document, unchanged
    """

    name: str
    sha256: str
    content: bytes


def _key(epoch: ChannelEpoch) -> tuple[SourceId, int]:
    return epoch.source_id, epoch.start_ns


@dataclass(frozen=True, slots=True)
class Inventory:
    """Sites, channel epochs and the documents they come from.

    Parameters
    ----------
    sites : by station id; where a station moved, where it stands now
    epochs : in any order; kept sorted by channel, then start
    documents : in order of reading
    """

    sites: Mapping[str, Site]
    epochs: tuple[ChannelEpoch, ...] = ()
    documents: tuple[InventoryDocument, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "epochs", tuple(sorted(self.epochs, key=_key)))

    def epoch_at(self, source_id: SourceId, t_ns: int) -> ChannelEpoch | None:
        """The epoch that holds at a time, the latest to start where several do; None where none does."""
        at = bisect_right(self.epochs, (source_id, t_ns), key=_key)
        while at and self.epochs[at - 1].source_id == source_id:
            at -= 1
            if self.epochs[at].covers(t_ns):
                return self.epochs[at]
        return None
