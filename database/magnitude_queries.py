"""The magnitudes of events, as pages, commands and programs read them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from database import tables
from database.records import EventRow
from database.rows import MAGNITUDE, STATION_MAGNITUDE, Found
from houfeng.magnitudes import KINDS
from houfeng.types import Magnitude, StationMagnitude

# Columns of a join have names that say whose they are: an event has `n_stations` as well.
_PREFIX = "magnitude_"


def preferred_columns() -> list[ColumnElement[Any]]:
    """Columns of table `magnitude`, named for `preferred_of`."""
    return [tables.magnitude.c[name].label(_PREFIX + name) for name in MAGNITUDE]


def preferred_of(row: Found) -> Magnitude | None:
    """The magnitude of a row with `preferred_columns`; None where the join found none."""
    if getattr(row, _PREFIX + "kind") is None:
        return None
    return Magnitude(**{name: getattr(row, _PREFIX + name) for name in MAGNITUDE})


def magnitudes_of(connection: Connection, run_id: str, event_id: str) -> tuple[Magnitude, ...]:
    """The network's magnitudes of one event, the preferred one first."""
    table = tables.magnitude.c
    query = select(*(table[name] for name in MAGNITUDE)).where(table.run_id == run_id, table.event_id == event_id)
    return tuple(Magnitude(*row) for row in connection.execute(query.order_by(table.rank)))


def station_magnitudes_of(
    connection: Connection, event: EventRow, magnitudes: tuple[Magnitude, ...]
) -> tuple[StationMagnitude, ...]:
    """What the stations say of one event, by the order of `magnitudes`, then by distance."""
    table = tables.station_magnitude.c
    query = select(*(table[name] for name in STATION_MAGNITUDE))
    query = query.where(table.run_id == event.run_id, table.event_id == event.public_id)
    kinds = list(dict.fromkeys([*(magnitude.kind for magnitude in magnitudes), *KINDS]))

    def place(each: StationMagnitude) -> tuple[int, float, str]:
        far_km = float("inf") if each.distance_km is None else each.distance_km
        return kinds.index(each.kind), far_km, each.station_id

    return tuple(sorted((StationMagnitude(*row) for row in connection.execute(query)), key=place))
