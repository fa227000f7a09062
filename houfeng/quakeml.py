"""Events as QuakeML 1.2: what other programs read."""

from __future__ import annotations

import io
from collections.abc import Iterable

from obspy import UTCDateTime
from obspy.core.event import (
    Arrival,
    Catalog,
    Comment,
    CreationInfo,
    Event,
    EventDescription,
    Magnitude,
    Origin,
    OriginQuality,
    OriginUncertainty,
    Pick,
    QuantityError,
    ResourceIdentifier,
    StationMagnitude,
    WaveformStreamID,
)

from database.records import ArrivalRow, EventDetail
from houfeng import __version__
from houfeng.types import Origin as Hypocentre
from houfeng.types import Pick as Onset

KM_PER_DEG = 111.19  # of a sphere of 6371 km
_CONFIDENCE = 90.0
_AUTHORITY = "smi:local.houfeng"
SYNTHETIC = "Synthetic: a computer made the records, there was no such earthquake."


def quakeml(details: Iterable[EventDetail]) -> bytes:
    """A QuakeML document of events.

    Parameters
    ----------
    details : current events; one that is none any more is of type "not existing"
    """
    return document(Catalog([_event(detail) for detail in details], resource_id=_id("catalogue")))


def document(catalogue: Catalog) -> bytes:
    """A catalogue written out."""
    out = io.BytesIO()
    catalogue.write(out, format="QUAKEML")
    return out.getvalue()


def _event(detail: EventDetail) -> Event:
    row = detail.event
    gone = row.status != "current"
    found = Event(
        resource_id=_id(row.public_id),
        event_type="not existing" if gone else None,
        creation_info=CreationInfo(agency_id="Houfeng", version=__version__),
        picks=[_pick(arrival.pick) for arrival in detail.arrivals],
        comments=[Comment(text=text, force_resource_id=False) for text in _remarks(detail)],
    )
    if row.origin is not None:
        found.event_descriptions = [EventDescription(row.origin.region, "Flinn-Engdahl region")]
        found.origins = [_origin(detail, row.origin)]
        found.preferred_origin_id = found.origins[0].resource_id
        found.magnitudes, found.station_magnitudes = _magnitudes(detail)
        if found.magnitudes:
            found.preferred_magnitude_id = found.magnitudes[0].resource_id
    return found


def _remarks(detail: EventDetail) -> list[str]:
    row = detail.event
    said = [SYNTHETIC] if row.is_synthetic else []
    if row.status != "current":
        said.append(f"{row.status} {row.successor or ''}".strip())
    if row.quality:
        said.append(f"class {row.quality}: {'; '.join(row.quality_reasons)}")
    if row.type_hint:
        said.append(f"{row.type_hint}: {'; '.join(row.type_reasons)}")
    return said


def _origin(detail: EventDetail, origin: Hypocentre) -> Origin:
    used = [arrival for arrival in detail.arrivals if arrival.distance_km is not None]
    return Origin(
        resource_id=_id(detail.event.public_id, "origin"),
        time=UTCDateTime(ns=origin.time_ns),
        time_errors=QuantityError(uncertainty=origin.time_error_s, confidence_level=_CONFIDENCE),
        latitude=origin.latitude_deg,
        longitude=origin.longitude_deg,
        depth=1000 * origin.depth_km,
        depth_errors=QuantityError(
            uncertainty=None if origin.depth_error_km is None else 1000 * origin.depth_error_km,
            confidence_level=None if origin.depth_error_km is None else _CONFIDENCE,
        ),
        depth_type="operator assigned" if origin.depth_error_km is None else "from location",
        earth_model_id=_id("model", origin.earth_model),
        quality=OriginQuality(
            used_phase_count=len(used),
            used_station_count=len({arrival.pick.source_id.station_id for arrival in used}),
            standard_error=origin.rms_s,
            azimuthal_gap=origin.gap_deg,
            minimum_distance=origin.nearest_km / KM_PER_DEG,
        ),
        origin_uncertainty=OriginUncertainty(
            preferred_description="uncertainty ellipse",
            max_horizontal_uncertainty=1000 * origin.semi_major_km,
            min_horizontal_uncertainty=1000 * origin.semi_minor_km,
            azimuth_max_horizontal_uncertainty=origin.major_azimuth_deg,
            confidence_level=_CONFIDENCE,
        ),
        evaluation_mode="automatic",
        arrivals=[_arrival(detail.event.public_id, arrival) for arrival in used],
    )


def _arrival(event_id: str, row: ArrivalRow) -> Arrival:
    return Arrival(
        resource_id=_id(event_id, "arrival", row.pick.public_id),
        pick_id=_id(row.pick.public_id),
        phase=row.pick.phase,
        azimuth=row.azimuth_deg,
        distance=None if row.distance_km is None else row.distance_km / KM_PER_DEG,
        time_residual=row.residual_s,
        time_weight=row.weight,
    )


def _pick(pick: Onset) -> Pick:
    return Pick(
        resource_id=_id(pick.public_id),
        time=UTCDateTime(ns=pick.onset_ns),
        time_errors=QuantityError(uncertainty=pick.uncertainty_s),
        waveform_id=_stream(*str(pick.source_id).split(".")),
        phase_hint=pick.phase,
        polarity={"up": "positive", "down": "negative"}.get(pick.polarity),
        evaluation_mode="automatic",
        method_id=_id("method", f"{pick.method}-{pick.version}"),
    )


def _magnitudes(detail: EventDetail) -> tuple[list[Magnitude], list[StationMagnitude]]:
    event_id = detail.event.public_id
    origin_id = _id(event_id, "origin")
    networks = [
        Magnitude(
            resource_id=_id(event_id, "magnitude", each.kind),
            mag=each.value,
            mag_errors=QuantityError(uncertainty=each.scatter),
            magnitude_type=each.kind,
            station_count=each.n_stations,
            origin_id=origin_id,
            evaluation_mode="automatic",
            comments=[Comment(text=each.remark, force_resource_id=False)] if each.remark else [],
        )
        for each in detail.magnitudes or filter(None, (detail.event.magnitude,))
    ]
    stations = [
        StationMagnitude(
            resource_id=_id(event_id, "station-magnitude", each.kind, each.station_id),
            mag=each.value,
            station_magnitude_type=each.kind,
            origin_id=origin_id,
            waveform_id=_stream(*each.station_id.split(".")),
            comments=[Comment(text=f"not used: {each.reason}", force_resource_id=False)] if each.reason else [],
        )
        for each in detail.station_magnitudes
        if each.value is not None
    ]
    return networks, stations


def _stream(network: str, station: str, location: str | None = None, channel: str | None = None) -> WaveformStreamID:
    return WaveformStreamID(network, station, location, channel)


def _id(*parts: str) -> ResourceIdentifier:
    """A resource identifier; what its grammar does not allow is written as `_`."""
    text = "/".join(parts)
    return ResourceIdentifier(f"{_AUTHORITY}/{''.join(c if c.isalnum() or c in '-./_' else '_' for c in text)}")
