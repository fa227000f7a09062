"""What runs are made from and what came of them: written by replays, read by those who show or compare runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from database import tables
from database.rows import pick_of
from database.run_records import RunChannel, RunInput
from database.unit import UnitOfWork
from database.upsert import upsert
from houfeng.types import Pick

# What a run found.
_RESULTS: tuple[Table, ...] = (
    *(tables.pick, tables.event, tables.origin, tables.arrival, tables.magnitude, tables.station_magnitude),
    tables.run_channel,
)


def save_inputs(unit: UnitOfWork, run_id: str, inputs: Iterable[RunInput]) -> None:
    """Save what a replay has read."""
    upsert(unit.connection, tables.run_input, [{"run_id": run_id} | asdict(each) for each in inputs])


def save_channels(unit: UnitOfWork, run_id: str, channels: Iterable[RunChannel]) -> None:
    """Save what a replay was given of its channels."""
    vetoed = ({**asdict(each), "vetoed": json.dumps(dict(each.vetoed), sort_keys=True)} for each in channels)
    upsert(unit.connection, tables.run_channel, [{"run_id": run_id} | each for each in vetoed])


def save_state(unit: UnitOfWork, run_id: str, state: str) -> None:
    """Save where a replay would be taken up again."""
    upsert(unit.connection, tables.replay_state, [{"run_id": run_id, "state": state}])


def forget_state(unit: UnitOfWork, run_id: str) -> None:
    """A replay is done, or begins anew: nobody goes on where it was."""
    for table in (tables.replay_state, tables.detector_state):
        unit.connection.execute(delete(table).where(table.c.run_id == run_id))


def forget_results(unit: UnitOfWork, run_id: str) -> None:
    """Take away what a run found and read; the run itself stays."""
    unit.mark_shown()
    forget_state(unit, run_id)
    # Arrivals, origins and magnitudes go with their events.
    for table in (tables.event, tables.revision, tables.pick, tables.run_channel, tables.run_input, tables.run_site):
        unit.connection.execute(delete(table).where(table.c.run_id == run_id))


def state(connection: Connection, run_id: str) -> str | None:
    """Where a replay is to be taken up again; None where there is nothing to go on with."""
    table = tables.replay_state.c
    return connection.execute(select(table.state).where(table.run_id == run_id)).scalar_one_or_none()


def inputs(connection: Connection, run_id: str) -> list[RunInput]:
    """What a run read, by name."""
    table = tables.run_input
    query = select(*(column for column in table.c if column.name != "run_id"))
    query = query.where(table.c.run_id == run_id).order_by(table.c.name)
    return [RunInput(*row) for row in connection.execute(query)]


def channels(connection: Connection, run_id: str) -> list[RunChannel]:
    """What a replay was given of each channel, by name."""
    table = tables.run_channel
    query = select(*(column for column in table.c if column.name != "run_id"))
    query = query.where(table.c.run_id == run_id).order_by(table.c.source_id)
    rows = connection.execute(query).mappings()
    return [RunChannel(**{**row, "vetoed": json.loads(row["vetoed"])}) for row in rows]


def n_picks(connection: Connection, run_id: str) -> dict[str, int]:
    """How many picks a run has of each channel."""
    table = tables.pick.c
    query = select(table.source_id, func.count()).where(table.run_id == run_id).group_by(table.source_id)
    return {source_id: n for source_id, n in connection.execute(query)}


def picks_by_station(connection: Connection, run_id: str, station_id: str) -> list[Pick]:
    """Picks of a run at one station, by phase and onset."""
    table = tables.pick
    query = select(table).where(table.c.run_id == run_id, table.c.station_id == station_id)
    query = query.order_by(table.c.phase, table.c.onset_ns, table.c.public_id)
    return [pick_of(row) for row in connection.execute(query)]


def p_picks(connection: Connection, run_id: str) -> Iterator[list[Pick]]:
    """P picks of a run by onset, some thousand at a time."""
    table = tables.pick
    query = select(table).where(table.c.run_id == run_id, table.c.phase == "P").order_by(table.c.onset_ns)
    result = connection.execution_options(yield_per=5000).execute(query)
    yield from ([pick_of(row) for row in part] for part in result.partitions())


def result_hash(connection: Connection, run_id: str) -> str:
    """SHA-256 of every pick, event and measure of a run, without the run's name.

    Two runs of one hash found the same to the last bit of every figure, whichever database keeps them: rows are
    added up, not put in order, for each database (and each locale of PostgreSQL) sorts text in its own way.
    """
    found = hashlib.sha256()
    for table in _RESULTS:
        columns = [column for column in table.c if column.name != "run_id"]
        query = select(*columns).where(table.c.run_id == run_id)
        total = 0
        for row in connection.execution_options(yield_per=5000).execute(query):
            line = json.dumps([_plain(value) for value in row]).encode()
            total += int.from_bytes(hashlib.sha256(line).digest())
        found.update(f"{table.name} {total:x}\n".encode())
    return found.hexdigest()


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, float) else value
