"""One shape of stations, events, picks and runs for everybody outside: JSON, CSV and tables alike.

Plain values only: times are ISO 8601 with Z, because JavaScript rounds nanoseconds; what is unknown is None.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any, cast

from database.records import (
    ArrivalRow,
    AuditRow,
    EventDetail,
    EventRow,
    PickRow,
    Revision,
    Run,
    StationDetail,
    StationRow,
)
from houfeng import event_lines
from houfeng import shape_types as types
from houfeng.times import format_ns
from houfeng.types import Magnitude, Origin, Pick
from stations.card import Card
from stations.health import ChannelStatus, Metrics, Reading
from stations.health.summary import BESIDE

Shape = dict[str, Any]

_METRICS = tuple(field.name for field in fields(Metrics))
# asdict() copies deeply: of 1000 stations that was half of the time.
_metrics_in = attrgetter(*_METRICS)
_ORIGIN = tuple(field.name for field in fields(Origin) if field.name != "time_ns")
_PLACE = ("latitude_deg", "longitude_deg", "elevation_m")
# Columns of the preferred magnitude, and the fields they have.
_MAGNITUDE = {
    "": "value",
    "_kind": "kind",
    "_scatter": "scatter",
    "_n_stations": "n_stations",
    "_remark": "remark",
}


def station(row: StationRow) -> types.Station:
    """A station as the station table lists it."""
    return cast(
        "types.Station",
        {
            "id": row.station_id,
            "name": row.name,
            "country": row.country,
            **{name: getattr(row, name) for name in _PLACE},
            "status": str(row.state),
            "reason": row.reason,
            "since": time(row.since_ns),
            "evaluated": time(row.evaluated_ns),
            **{name: getattr(row, name) for name in ("flapping", "score", "acknowledged_by", "usage")},
            "usage_until": time(row.usage_until_ns),
            "usage_by": row.usage_by,
            "usage_why": row.usage_why,
            **metrics(row.metrics),
            **{name: row.beside.get(name) for name in BESIDE},
        },
    )


def station_detail(detail: StationDetail) -> types.StationDetail:
    """A station with its channels, epochs, latest changes of state, and what operators changed."""
    return cast(
        "types.StationDetail",
        {
            **station(detail.station),
            **card(detail.card),
            "deductions": [each._asdict() | {"state": str(each.state)} for each in detail.station.deductions],
            "channels": [channel(status) for status in detail.channels],
            "epochs": [
                {
                    **asdict(epoch),
                    "source_id": str(epoch.source_id),
                    "start_ns": time(epoch.start_ns),
                    "end_ns": time(epoch.end_ns),
                }
                for epoch in detail.epochs
            ],
            "changes": [
                {"since": time(change.since_ns), "status": str(change.state), "reason": change.reason}
                for change in detail.changes
            ],
            "audit": [audit(row) for row in detail.said],
        },
    )


def card(value: Card) -> types.Card:
    """Who runs a station, and what it depends on."""
    return {
        "agency": value.agency,
        "contact": value.contact,
        "network": value.network,
        "link": value.link,
        "servers": list(value.servers),
    }


def audit(row: AuditRow) -> types.Audit:
    """What somebody changed."""
    said = {name: getattr(row, name) for name in ("who", "action", "station_id", "field", "before", "after", "why")}
    return cast("types.Audit", {"at": time(row.at_ns), **said})


def channel(status: ChannelStatus) -> types.Channel:
    """A channel's status with the evidence for it."""
    return cast(
        "types.Channel",
        {
            "id": str(status.source_id),
            "status": str(status.state),
            "reason": status.reason,
            "since": time(status.since_ns),
            "required": status.required,
            **metrics(status.metrics),
            "readings": [reading(each) for each in status.readings],
        },
    )


def metrics(values: Metrics) -> Shape:
    """Metrics by their names; None where there is no evidence."""
    return dict(zip(_METRICS, _metrics_in(values), strict=True))


def reading(value: Reading) -> types.Reading:
    """What one rule says."""
    shape = asdict(value) | {"state": str(value.state)}
    return cast("types.Reading", shape | {"since": time(shape.pop("since_ns"))})


def event(row: EventRow) -> types.Event:
    """An event as the event list has it."""
    return cast(
        "types.Event",
        {
            "id": row.public_id,
            "first_onset": time(row.first_onset_ns),
            "last_onset": time(row.last_onset_ns),
            "n_stations": row.n_stations,
            "n_picks": row.n_picks,
            **origin(row.origin),
            **magnitude(row.magnitude),
            "quality": row.quality or None,
            "quality_reason": "; ".join(row.quality_reasons),
            "type_hint": row.type_hint or None,
            "type_reason": "; ".join(row.type_reasons),
            "status": row.status,
            "successor": row.successor,
            "is_synthetic": row.is_synthetic,
            "run": row.run_id,
        },
    )


def magnitude(value: Magnitude | None) -> Shape:
    """The preferred magnitude of an event; all None where there is none."""
    return {f"magnitude{end}": getattr(value, name, None) for end, name in _MAGNITUDE.items()}


def origin(value: Origin | None) -> Shape:
    """Where and when an event was, with errors of 90 % confidence; all None where that is not known."""
    return {
        "place": event_lines.place(value),
        "origin_time": time(value.time_ns) if value else None,
        **{name: getattr(value, name, None) for name in _ORIGIN},
    }


def event_detail(detail: EventDetail) -> types.EventDetail:
    """An event with its arrivals, earliest first, and its magnitudes, the preferred one first."""
    return cast(
        "types.EventDetail",
        {
            **event(detail.event),
            "magnitudes": [asdict(each) for each in detail.magnitudes],
            "station_magnitudes": [asdict(each) for each in detail.station_magnitudes],
            "arrivals": [_arrival(arrival) for arrival in detail.arrivals],
            "history": [revision(each) for each in detail.revisions],
        },
    )


def revision(value: Revision) -> types.Revision:
    """What an event was once, when that was saved, and why it was changed to that."""
    return cast(
        "types.Revision",
        {
            "revision": value.number,
            "created": time(value.created_ns),
            "reason": value.reason,
            "others": list(value.others),
            **{
                name: [
                    {"id": p.pick_id, "station": p.station_id, "phase": p.phase, "onset": time(p.onset_ns)}
                    for p in picks
                ]
                for name, picks in (("picks_added", value.added), ("picks_taken", value.taken))
            },
            "moved_km": value.moved_km,
            "moved_s": value.moved_s,
            "n_stations": value.event.n_stations,
            "n_picks": value.event.n_picks,
            **origin(value.event.origin),
            **magnitude(value.event.magnitude),
            "quality": value.event.quality or None,
        },
    )


def pick(row: PickRow) -> types.Pick:
    """A pick and the event it belongs to, if any."""
    return {**_pick(row.pick), "event": row.event_id, "run": row.run_id}


def run(row: Run) -> types.Run:
    """A run."""
    return {
        "id": row.run_id,
        "kind": row.kind,
        "started": format_ns(row.started_ns),
        "finished": time(row.finished_ns),
        "data_start": time(row.start_ns),
        "data_end": time(row.end_ns),
        "n_records": row.n_records,
        "n_samples": row.n_samples,
        "source": row.source,
        "config_hash": row.config_hash,
        "code_version": row.code_version,
        "engine": row.engine,
        "is_synthetic": row.is_synthetic,
        "input_hash": row.input_hash or None,
        "result_hash": row.result_hash or None,
    }


def time(t_ns: int | None) -> str | None:
    """ISO 8601 with Z and microseconds; None stays None."""
    return None if t_ns is None else format_ns(t_ns)


def _arrival(row: ArrivalRow) -> types.Arrival:
    return {
        **_pick(row.pick),
        "station_name": row.station_name,
        "latitude_deg": row.latitude_deg,
        "longitude_deg": row.longitude_deg,
        "elevation_m": row.elevation_m,
        "distance_km": row.distance_km,
        "azimuth_deg": row.azimuth_deg,
        "residual_s": row.residual_s,
        "weight": row.weight,
    }


def _pick(value: Pick) -> types.PickBase:
    return {
        "id": value.public_id,
        "station": value.source_id.station_id,
        "channel": str(value.source_id),
        "phase": value.phase,
        "onset": format_ns(value.onset_ns),
        "uncertainty_s": value.uncertainty_s,
        "snr": value.snr,
        "band": value.band,
        "method": value.method,
        "version": value.version,
        "trigger": format_ns(value.trigger_ns),
        "polarity": value.polarity,
        "spread_s": value.spread_s,
        "is_clipped": value.is_clipped,
        "is_near_gap": value.is_near_gap,
        "trigger_rate_h": value.trigger_rate_h,
    }
