"""What the station table shows of a station, cell by cell: which metric, and its text."""

from __future__ import annotations

from database.records import StationRow
from stations.health import State
from webui import words

_FAULTS = (State.WARN, State.BAD)


def cells(row: StationRow) -> tuple[tuple[str, str], ...]:
    """Metric and text of the cells behind the sparkline, in the order of their columns."""
    x = row.metrics
    return (
        ("percent_availability_1h", words.share(x.percent_availability_1h)),
        ("percent_availability_24h", words.share(x.percent_availability_24h)),
        ("num_gaps", words.figure(x.num_gaps)),
        _clock(row),
        ("sample_rms_db", _beside(row, "sample_rms_db", 0)),
        ("mass_position_v", _beside(row, "mass_position_v", 1)),
        ("supply_voltage_v", _beside(row, "supply_voltage_v", 1)),
    )


def _clock(row: StationRow) -> tuple[str, str]:
    """How sure the clock is of itself, %; how far it is off, where that is too far."""
    if row.marks.get("clock_error_ms") in _FAULTS and row.beside.get("clock_error_ms") is not None:
        return "clock_error_ms", words.quantity(row.beside["clock_error_ms"], "ms")
    # digitisers that know nothing of their clock say 0: what is not judged is no evidence
    timing = row.metrics.timing_quality if "timing_quality" in row.marks else None
    quality = row.beside.get("clock_quality")
    if quality is not None and (timing is None or quality < timing):
        return "clock_quality", f"{words.share(quality)} %"
    if timing is not None:
        return "timing_quality", f"{words.share(timing)} %"
    is_silent = not row.marks or "timing_quality" in row.marks or "clock_quality" in row.beside
    return "timing_quality", words.NO_EVIDENCE if is_silent else words.NOT_APPLICABLE


def _beside(row: StationRow, metric: str, n_digits: int) -> str:
    if metric in row.beside or not row.marks:
        return words.decimals(row.beside.get(metric), n_digits)
    return words.NOT_APPLICABLE
