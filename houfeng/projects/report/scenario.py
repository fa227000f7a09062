"""What a report says of records that measure nothing at its places: stand-ins from elsewhere, and synthetic ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from houfeng.projects.report.blocks import Block, Table, Text
from houfeng.projects.report.words import Words

_MARK = "†"


def notice(shape: dict[str, Any], words: Words) -> str:
    """What every page says at its head; "" of measurements."""
    said = []
    if _moved(shape):
        said.append(words("SCENARIO: records from elsewhere stand in for places where none was made"))
    if _synthetic(shape):
        said.append(words("SYNTHETIC RECORDS: made by a computer, no measurement"))
    return " · ".join(said)


def warnings(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    """The same on the first page, in full."""
    if _moved(shape):
        yield Text(words("Stations marked {mark} are not where this report has them: their records were made "
                         "elsewhere, in the earthquakes that are named, and the project put them here. Nothing was "
                         "measured at these places.", mark=_MARK), True)  # fmt: skip
    if synthetic := _synthetic(shape):
        yield Text(words("Records of {stations} were made by a computer: they show what this report can say, and "
                         "measure nothing.", stations=", ".join(synthetic)), True)  # fmt: skip


def stand_ins(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    """Where records that stand in were made, and where the project puts them."""
    rows = tuple(
        (
            f"{one['name']} {_MARK}",
            _place(*one["stands_in_from"]),
            _place(one["latitude_deg"], one["longitude_deg"]),
            words("yes") if one["n_records"] else words("no"),
        )
        for one in _moved(shape)
    )
    if rows:
        columns = (words("station"), words("recorded at latitude, longitude"), words("put at latitude, longitude"),
                   words("assessed"))  # fmt: skip
        yield Table(columns, rows, (3, 5, 5, 2), 1)


def about_epicentres(shape: dict[str, Any], words: Words) -> str:
    """What a map without them says."""
    return " " + words("Epicentres are elsewhere and not shown.") if only_stand_ins(shape) else ""


def only_stand_ins(shape: dict[str, Any]) -> bool:
    """Whether no record was made where the report has it: where the earthquakes were says nothing of these places."""
    return bool(_moved(shape)) and all(one["stands_in_from"] for one in shape["stations"])


def station_of(row: dict[str, Any]) -> str:
    """The station that stands for a place, marked where it stands in for others."""
    return f"{row['station']} {_MARK}" if row["is_stand_in"] else str(row["station"])


def _moved(shape: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in shape["stations"] if one["stands_in_from"]]


def _synthetic(shape: dict[str, Any]) -> list[str]:
    return [one["name"] for one in shape["stations"] if one["is_synthetic"]]


def _place(latitude_deg: float, longitude_deg: float) -> str:
    return f"{latitude_deg:.3f}, {longitude_deg:.3f}"
