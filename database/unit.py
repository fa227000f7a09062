"""One transaction of writes. Every write may be done twice: the second time changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, delete, select, update

from database import history, rows, s_picks, tables
from database.records import Run
from database.upsert import delete_where, insert_new, upsert
from houfeng.errors import StoreError
from houfeng.types import Cursor, Event, Pick, SourceId
from stations.health import StationStatus
from stations.inventory import Inventory, Site

# What is written anew with every event: a revision may lack what the one before had.
_OF_EVENTS = (
    (tables.origin, rows.origin_values),
    (tables.arrival, rows.arrival_values),
    (tables.magnitude, rows.magnitude_values),
    (tables.station_magnitude, rows.station_magnitude_values),
)


class UnitOfWork:
    """The writes of one transaction: all of them are kept, or none.

    Made by `Store.begin` and `Store.run` only. `connection` is for queries that must see the writes so far; what
    they read stays true until the end of the unit, because there is no other writer.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._shown = False

    def save_run(self, run: Run) -> None:
        """Save how a run stands; before anything that belongs to it."""
        self._shown = True
        upsert(self.connection, tables.run, [asdict(run)])

    def finish_run(self, run_id: str, finished_ns: int) -> None:
        """Note when a run ended, ns UTC.

        Raises
        ------
        StoreError : if there is no such run
        """
        self._shown = True
        run = tables.run
        done = self.connection.execute(update(run).where(run.c.run_id == run_id).values(finished_ns=finished_ns))
        if not done.rowcount:
            raise StoreError(f"run {run_id}: it must be saved before it is finished, there is none")

    def save_picks(self, run_id: str, picks: Iterable[Pick]) -> None:
        """Save picks of a run."""
        self._shown = True
        upsert(self.connection, tables.pick, [rows.pick_values(run_id, pick) for pick in picks])

    def save_events(self, run_id: str, events: Collection[Event]) -> None:
        """Save events of a run with their origins, arrivals and magnitudes; their picks must be saved already.

        S picks that were an event's before, and are nobody's now, go away: they were read for it alone.
        """
        self._shown = True
        before = s_picks.of_events(self.connection, run_id, (event.public_id for event in events))
        upsert(self.connection, tables.event, [rows.event_values(run_id, event) for event in events])
        keys: list[dict[str, object]] = [{"run_id": run_id, "event_id": event.public_id} for event in events]
        for table, values in _OF_EVENTS:
            delete_where(self.connection, table, keys)
            insert_new(self.connection, table, [row for event in events for row in values(run_id, event)])
        s_picks.forget(self.connection, run_id, before)

    def note_revisions(self, run_id: str, events: Collection[Event], withdrawn: Collection[str], at_ns: int) -> None:
        """Add to the history of a live run what `withdraw_events` and `save_events` are about to change.

        Parameters
        ----------
        at_ns : wall clock, ns UTC
        """
        self._shown = True
        history.record(self.connection, run_id, events, withdrawn, at_ns)

    def withdraw_events(self, run_id: str, public_ids: Collection[str]) -> None:
        """Remove events of a run that are no longer true; their P picks and their history stay."""
        self._shown = True
        before = s_picks.of_events(self.connection, run_id, public_ids)
        delete_where(
            self.connection,
            tables.event,
            [{"run_id": run_id, "public_id": public_id} for public_id in public_ids],
        )
        s_picks.forget(self.connection, run_id, before)

    def save_inventory(self, inventory: Inventory) -> None:
        """Save sites, channel epochs and documents. Epochs of the same stations that it lacks go away."""
        self._shown = True
        upsert(self.connection, tables.site, [asdict(site) for site in inventory.sites.values()])
        documents = [rows.document_values(document) for document in inventory.documents]
        upsert(self.connection, tables.inventory_doc, documents)
        stations = {epoch.source_id.station_id for epoch in inventory.epochs}
        delete_where(self.connection, tables.channel_epoch, [{"station_id": name} for name in stations])
        epochs = [rows.epoch_values(epoch) for epoch in inventory.epochs]
        upsert(self.connection, tables.channel_epoch, epochs)

    def save_run_sites(self, run_id: str, sites: Iterable[Site]) -> None:
        """Save where a replay takes its stations to stand; the station table stays as it is."""
        self._shown = True
        upsert(self.connection, tables.run_site, [{"run_id": run_id} | asdict(site) for site in sites])

    def keep_stations(self, station_ids: Collection[str]) -> None:
        """Forget the metadata and the status of every other station: they are no longer watched."""
        self._shown = True
        for table in (tables.site, tables.channel_epoch, tables.station_status):
            known = self.connection.scalars(select(table.c.station_id).distinct())
            gone = set(known) - set(station_ids)
            delete_where(self.connection, table, [{"station_id": station_id} for station_id in gone])

    def forget_metadata(self, station_ids: Collection[str]) -> None:
        """Forget where these stations stand and what their channels are; their status and all else stays."""
        self._shown = True
        for table in (tables.site, tables.channel_epoch):
            delete_where(self.connection, table, [{"station_id": station_id} for station_id in station_ids])

    def save_statuses(self, statuses: Collection[StationStatus]) -> None:
        """Save the latest evaluation of these stations and their channels, and note changes of state."""
        if not statuses:
            return
        self._shown = True
        stations = [rows.station_status_values(status) for status in statuses]
        channels = [rows.channel_status_values(status, channel) for status in statuses for channel in status.channels]
        upsert(self.connection, tables.station_status, stations)
        upsert(self.connection, tables.channel_status, channels)
        self._forget_other_channels(statuses)
        self.save_status_changes(statuses)

    def save_status_changes(self, statuses: Collection[StationStatus]) -> None:
        """Note when these states began, of any time; what is known of the stations now stays."""
        if statuses:
            changes = [rows.status_change_values(status) for status in statuses]
            insert_new(self.connection, tables.status_change, changes)
            self._shown = True

    def save_cursors(self, server: str, cursors: Mapping[str, Cursor]) -> None:
        """Save where the streams of a server were left, by station id; after their records are on the disk."""
        states = [
            {
                "server": server,
                "station_id": station_id,
                "sequence": at.sequence,
                "last_ns": at.last_ns,
                "record_ns": at.record_ns,
                "server_start": at.server_start,
            }
            for station_id, at in cursors.items()
        ]
        upsert(self.connection, tables.stream_state, states)

    def save_detector_states(self, run_id: str, states: Mapping[SourceId, bytes]) -> None:
        """Save the state of detection on the channels that changed."""
        blobs = [{"run_id": run_id, "source_id": str(source_id), "state": state} for source_id, state in states.items()]
        upsert(self.connection, tables.detector_state, blobs)

    def mark_shown(self) -> None:
        """Something that a page shows was written through `connection`."""
        self._shown = True

    def mark_change(self) -> None:
        """Count a change that a page shows; the store calls it last in every unit.

        Cursors and states of detection are saved many times a minute and are on no page: they do not count.
        """
        if self._shown:
            change = tables.change
            self.connection.execute(update(change).values(version=change.c.version + 1))

    def _forget_other_channels(self, statuses: Collection[StationStatus]) -> None:
        """Remove channels that were evaluated with their station before and are no longer."""
        channel = tables.channel_status.c
        self.connection.execute(
            delete(tables.channel_status).where(
                channel.station_id == bindparam("station"), channel.evaluated_ns != bindparam("evaluated")
            ),
            [{"station": status.station_id, "evaluated": status.evaluated_ns} for status in statuses],
        )
