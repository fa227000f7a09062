"""Events in words, a line each: for terminals, logs and lists of changes."""

from __future__ import annotations

from database.records import EventRow
from houfeng.types import Magnitude, Origin


def place(value: Origin | None) -> str:
    """Where an event was, in a line: `48.050 N 11.643 E, 4 km deep, GERMANY`."""
    if value is None:
        return "not located"
    lat, lon = value.latitude_deg, value.longitude_deg
    where = f"{abs(lat):.3f} {'N' if lat >= 0 else 'S'} {abs(lon):.3f} {'E' if lon >= 0 else 'W'}"
    depth = f"{value.depth_km:.0f} km deep" if value.depth_error_km is not None else "depth fixed"
    return f"{where}, {depth}, {value.region}"


def summary(row: EventRow) -> str:
    """An event in a line: `ML 1.2, 4 stations, 48.050 N 11.643 E, 4 km deep, GERMANY, class C, possible blast`."""
    said = (
        "SYNTHETIC" if row.is_synthetic else "",
        magnitude_text(row.magnitude),
        f"{row.n_stations} stations",
        place(row.origin),
        row.quality and f"class {row.quality}",
        row.type_hint,
        status_text(row),
    )
    return ", ".join(filter(None, said))


def magnitude_text(value: Magnitude | None) -> str:
    """A magnitude in a word or two: `ML 1.2`, with `?` where something speaks against it; empty without one."""
    return "" if value is None else f"{value.kind} {value.value:.1f}{'?' if value.remark else ''}"


def status_text(row: EventRow) -> str:
    """What became of an event: `withdrawn`, `merged into event/...`; empty for a current one."""
    if row.status == "current":
        return ""
    link = {"merged": "merged into", "continued": "continued as"}.get(row.status, row.status)
    return f"{link} {row.successor}" if row.successor else link
