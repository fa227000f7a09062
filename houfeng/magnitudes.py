"""Magnitudes: what each station says of an event's size, and what the network makes of it."""

from __future__ import annotations

from dataclasses import dataclass

# Kinds, as QuakeML and bulletins write them.
KINDS = ("Mwp", "mb", "ML", "Md", "K")


@dataclass(frozen=True, slots=True)
class StationMagnitude:
    """What one station says of an event's size, or why it says nothing.

    Parameters
    ----------
    station_id : `KR.NRN`
    kind : one of `KINDS`
    channels : codes it was measured on, such as `HHE HHN`
    value : with the correction; None where it could not be measured
    correction : of the station, added to what the amplitude gives
    amplitude : in `amplitude_unit`; None where it could not be measured
    amplitude_unit : nm (ML: Wood-Anderson displacement of gain 1; mb: ground), m*s (Mwp), s (Md: duration of the coda)
    period_s : of the wave that was measured, where the kind needs it (mb)
    distance_km : from the hypocentre (ML, Md), from the epicentre (mb, Mwp); None without a station's place
    snr : amplitude over that of the noise before P; None where it could not be measured
    is_used : whether it counts in the network's value
    reason : why it does not; empty where it does
    """

    station_id: str
    kind: str
    channels: str
    value: float | None
    correction: float
    amplitude: float | None
    amplitude_unit: str
    period_s: float | None
    distance_km: float | None
    snr: float | None
    is_used: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Magnitude:
    """What the network says of an event's size.

    Parameters
    ----------
    kind : one of `KINDS`
    value : mean of the stations used, as `method` says
    scatter : standard deviation of a station's value; None where one station says it
    n_stations : how many are used
    method : how the stations were averaged
    reference : whose scale it is
    remark : what speaks against it, such as too few stations; empty where nothing does
    """

    kind: str
    value: float
    scatter: float | None
    n_stations: int
    method: str
    reference: str
    remark: str = ""
