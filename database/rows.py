"""Nouns to rows and back."""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict, fields, replace
from operator import attrgetter
from typing import Any

import numpy as np
from sqlalchemy import Row

from database.columns import METRICS
from houfeng.types import Event, Magnitude, Origin, Pick, SourceId, StationMagnitude
from stations.health import ChannelStatus, Metrics, Reading, State, StationStatus
from stations.health.score import Deduction, deductions, score
from stations.health.summary import station_beside
from stations.inventory import ChannelEpoch, InventoryDocument

Values = dict[str, Any]
# A row of a query; its columns are attributes.
Found = Row[Any]

_metrics_in = attrgetter(*METRICS)
# Without their names: a channel has up to thirty, which are written every few seconds.
_reading_in = attrgetter(*(field.name for field in fields(Reading)))
_ORIGIN = tuple(field.name for field in fields(Origin))
MAGNITUDE = tuple(field.name for field in fields(Magnitude))
STATION_MAGNITUDE = tuple(field.name for field in fields(StationMagnitude))
# Columns of table `event` that hold JSON.
REASONS = ("quality_reasons", "type_reasons")
# What an origin makes of a pick.
FIT = ("distance_km", "azimuth_deg", "residual_s", "weight")


def pick_values(run_id: str, pick: Pick) -> Values:
    """Row of table `pick`."""
    return {
        "run_id": run_id,
        "public_id": pick.public_id,
        "onset_ns": pick.onset_ns,
        "station_id": pick.source_id.station_id,
        "source_id": str(pick.source_id),
        "phase": pick.phase,
        "method": pick.method,
        "version": pick.version,
        "uncertainty_s": pick.uncertainty_s,
        "snr": pick.snr,
        "band": pick.band,
        "trigger_ns": pick.trigger_ns,
        "polarity": pick.polarity,
        "spread_s": pick.spread_s,
        "is_clipped": pick.is_clipped,
        "is_near_gap": pick.is_near_gap,
        "trigger_rate_h": pick.trigger_rate_h,
    }


def pick_of(row: Found) -> Pick:
    """The pick of a row with the columns of table `pick`."""
    return Pick(
        onset_ns=row.onset_ns,
        source_id=SourceId.parse(row.source_id),
        phase=row.phase,
        method=row.method,
        version=row.version,
        uncertainty_s=row.uncertainty_s,
        snr=row.snr,
        band=row.band,
        trigger_ns=row.trigger_ns,
        polarity=row.polarity,
        spread_s=row.spread_s,
        is_clipped=row.is_clipped,
        is_near_gap=row.is_near_gap,
        trigger_rate_h=row.trigger_rate_h,
    )


def event_values(run_id: str, event: Event) -> Values:
    """Row of table `event`."""
    return {
        "run_id": run_id,
        "public_id": event.public_id,
        "first_onset_ns": event.first_onset_ns,
        "last_onset_ns": event.picks[-1].onset_ns,
        "n_picks": len(event.picks),
        "n_stations": len(event.station_ids),
        "quality": event.quality,
        "type_hint": event.type_hint,
        **{name: json.dumps(getattr(event, name), ensure_ascii=False) for name in REASONS},
    }


def origin_values(run_id: str, event: Event) -> list[Values]:
    """The row of table `origin`, if the event has one."""
    if event.origin is None:
        return []
    return [{"run_id": run_id, "event_id": event.public_id, **asdict(event.origin)}]


def origin_of(row: Found) -> Origin | None:
    """The origin of a row with the columns of table `origin`; None where a join found none."""
    return None if row.time_ns is None else Origin(**{name: getattr(row, name) for name in _ORIGIN})


def arrival_values(run_id: str, event: Event) -> list[Values]:
    """Rows of table `arrival`, one a pick."""
    fits = {(arrival.station_id, arrival.phase): arrival for arrival in event.arrivals}
    return [
        {
            "run_id": run_id,
            "event_id": event.public_id,
            "pick_id": pick.public_id,
            **{name: getattr(fits.get((pick.source_id.station_id, pick.phase)), name, None) for name in FIT},
        }
        for pick in event.picks
    ]


def magnitude_values(run_id: str, event: Event) -> list[Values]:
    """Rows of table `magnitude`."""
    key = {"run_id": run_id, "event_id": event.public_id}
    return [{**key, "rank": rank, **asdict(magnitude)} for rank, magnitude in enumerate(event.magnitudes)]


def station_magnitude_values(run_id: str, event: Event) -> list[Values]:
    """Rows of table `station_magnitude`."""
    return [{"run_id": run_id, "event_id": event.public_id, **asdict(each)} for each in event.station_magnitudes]


def document_values(document: InventoryDocument) -> Values:
    """Row of table `inventory_doc`; the same document always makes the same bytes."""
    return {
        "sha256": document.sha256,
        "name": document.name,
        "xml_gz": gzip.compress(document.content, mtime=0),
    }


def document_of(row: Found) -> InventoryDocument:
    """The document of a row of table `inventory_doc`."""
    return InventoryDocument(row.name, row.sha256, gzip.decompress(row.xml_gz))


def epoch_values(epoch: ChannelEpoch) -> Values:
    """Row of table `channel_epoch`."""
    return asdict(epoch) | {"source_id": str(epoch.source_id), "station_id": epoch.source_id.station_id}


def epoch_of(row: Found) -> ChannelEpoch:
    """The epoch of a row of table `channel_epoch`."""
    values = row._asdict()
    del values["station_id"]
    return ChannelEpoch(**values | {"source_id": SourceId.parse(row.source_id)})


def station_status_values(status: StationStatus) -> Values:
    """Row of table `station_status`."""
    taken = deductions(status.channels)
    return {
        "station_id": status.station_id,
        "state": status.state.value,
        "reason": status.reason,
        "since_ns": status.since_ns,
        "evaluated_ns": status.evaluated_ns,
        "usage": status.usage,
        **_metrics_values(status.metrics),
        "marks": json.dumps(status.marks),
        "flapping": status.flapping,
        "score": score(taken),
        "deductions": json.dumps(taken, ensure_ascii=False),
        "beside": json.dumps(station_beside(status.channels)),
    }


def deductions_of(text: str) -> tuple[Deduction, ...]:
    """What the score of a row of table `station_status` was taken down for."""
    return tuple(
        Deduction(points, rule, State(state), tuple(channels), reason)
        for points, rule, state, channels, reason in json.loads(text)
    )


def status_change_values(status: StationStatus) -> Values:
    """Row of table `status_change`."""
    return {
        "station_id": status.station_id,
        "since_ns": status.since_ns,
        "state": status.state.value,
        "reason": status.reason,
    }


def channel_status_values(status: StationStatus, channel: ChannelStatus) -> Values:
    """Row of table `channel_status`, with the time at which its station was evaluated."""
    return {
        "source_id": channel.source_id,
        "station_id": status.station_id,
        "state": channel.state.value,
        "reason": channel.reason,
        "since_ns": channel.since_ns,
        "evaluated_ns": status.evaluated_ns,
        "required": channel.required,
        **_metrics_values(channel.metrics),
        "readings": json.dumps(
            [_reading_in(reading) for reading in channel.readings],
            ensure_ascii=False,
            default=np.generic.item,
        ),
    }


def channel_status_of(row: Found) -> ChannelStatus:
    """The status of a row of table `channel_status`."""
    return ChannelStatus(
        source_id=row.source_id,
        state=State(row.state),
        reason=row.reason,
        since_ns=row.since_ns,
        required=row.required,
        metrics=metrics_of(row),
        readings=tuple(map(_reading_of, json.loads(row.readings))),
    )


def _reading_of(values: list[Any]) -> Reading:
    reading = Reading(*values)
    return replace(reading, state=State(reading.state))


def metrics_of(row: Found) -> Metrics:
    """The metrics of a row that has a column for each."""
    return Metrics(*_metrics_in(row))


def _metrics_values(metrics: Metrics) -> Values:
    return {name: getattr(metrics, name) for name in METRICS}
