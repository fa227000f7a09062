"""Which channels are of one sensor, and which of them lie flat."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from houfeng.types import SourceId
from stations.inventory import Inventory

# Orientation codes of FDSN source identifiers: north and east first, then what stands for them.
_COMPONENTS = "NE123Z"
_PAIRS = ("NE", "12", "23", "13")
# A component that dips more than this is not looked at for S, degrees.
_FLAT_DEG = 30.0


@lru_cache(maxsize=4096)
def sensor_channels(source_id: SourceId) -> tuple[SourceId, ...]:
    """What the components of a channel's sensor can be called: its location, band and instrument code, N E 1 2 3 Z."""
    kind = source_id.channel[:2]
    return tuple(replace(source_id, channel=kind + component) for component in _COMPONENTS)


def horizontals(
    recorded: Collection[SourceId], source_id: SourceId, inventory: Inventory, t_ns: int
) -> tuple[SourceId, SourceId] | None:
    """The two horizontal components of a channel's sensor, the one nearer to north first where that is known.

    Codes are believed unless StationXML has a component stand upright: some borehole sensors have their vertical as 1.

    Parameters
    ----------
    recorded : channels with data
    source_id : channel of the sensor
    inventory : for dip and azimuth
    t_ns : when, ns UTC

    Returns
    -------
    pair : None where two are not there
    """
    by_code = {channel.channel[2]: channel for channel in sensor_channels(source_id) if channel in recorded}
    for pair in _PAIRS:
        if all(code in by_code for code in pair):
            first, second = (by_code[code] for code in pair)
            if _is_flat(first, inventory, t_ns) and _is_flat(second, inventory, t_ns):
                off_first, off_second = (_off_north(each, inventory, t_ns) for each in (first, second))
                return (second, first) if off_second < off_first else (first, second)
    return None


def _is_flat(source_id: SourceId, inventory: Inventory, t_ns: int) -> bool:
    epoch = inventory.epoch_at(source_id, t_ns)
    return epoch is None or epoch.dip_deg is None or abs(epoch.dip_deg) <= _FLAT_DEG


def _off_north(source_id: SourceId, inventory: Inventory, t_ns: int) -> float:
    """Angle to the nearer of north and south, degrees; the middle where it is not known."""
    epoch = inventory.epoch_at(source_id, t_ns)
    if epoch is None or epoch.azimuth_deg is None:
        return 45.0
    return abs((epoch.azimuth_deg + 90.0) % 180.0 - 90.0)
