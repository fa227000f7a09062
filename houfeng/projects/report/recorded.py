"""The chapters about records: exceedances, measures, traces, and those that were refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from houfeng.projects.report import plots
from houfeng.projects.report.blocks import Block, Heading, Picture, Table, Text
from houfeng.projects.report.words import Words, number
from houfeng.projects.running import Found


def chapters(found: Found, shape: dict[str, Any], words: Words) -> Iterator[Block]:
    """Of all records, then of each one that stands for a place."""
    yield from _exceedances(shape, words)
    yield from _measures(shape, words)
    yield from _refused(shape, words)
    yield from _traces(found, shape, words)


def _exceedances(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    if not any(record["exceedances"] for record in shape["records"]):
        return
    yield Heading(words("Thresholds"))
    yield Text(words("Of the horizontal vector: how often a threshold was exceeded (at least 1 s apart), for how long "
                     "in all, and from the first to the last time."))  # fmt: skip
    columns = (words("event"), words("station"), words("threshold"), words("exceedances"), words("above it s"),
               words("first to last s"))  # fmt: skip
    units = {"pga_cm_s2": ("PGA", "cm/s²"), "pgv_cm_s": ("PGV", "cm/s")}
    rows = tuple(
        (
            record["event"],
            record["station"],
            f"{units[one['quantity']][0]} {number(one['level'])} {units[one['quantity']][1]}",
            str(one["n"]),
            number(one["above_s"]),
            number(one["bracketed_s"]),
        )
        for record in shape["records"]
        for one in record["exceedances"]
        if one["n"]
    )
    if rows:
        yield Table(columns, rows, (3, 1.8, 2.4, 1.6, 1.6, 1.8), 3)
    yield Text(words("Thresholds that a record does not name were not exceeded in it."))


def _measures(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    yield Heading(words("Records"))
    columns = (words("station"), words("component"), "PGA cm/s²", "PGV cm/s", "PGD cm", words("Arias m/s"), "CAV g s",
               "D5–75 s", "D5–95 s", "SI cm/s", words("band Hz"), words("decided by"))  # fmt: skip
    keys = ("pga_cm_s2", "pgv_cm_s", "pgd_cm", "arias_m_s", "cav_g_s", "d5_75_s", "d5_95_s", "housner_cm_s")
    for event in shape["events"]:
        records = [record for record in shape["records"] if record["event"] == event["name"]]
        if not records:
            continue
        yield Heading(event["name"], 2)
        rows = tuple(
            (
                record["station"],
                row["component"],
                *(number(row[key]) for key in keys),
                f"{number(row['low_hz'])}–{number(row['high_hz'])}",
                ", ".join(words(by) for by in (row["low_by"], row["high_by"]) if by) or words("its agency"),
            )
            for record in records
            for row in record["components"]
        )
        yield Table(columns, rows, (1.6, 1.8, 1.2, 1.2, 1.1, 1.2, 1.1, 1.1, 1.1, 1.2, 1.7, 2.3), 2)
        yield from _intensities(records, words)
    for record in shape["records"]:
        for remark in record["remarks"]:
            yield Text(f"{record['station']}, {record['event']}: {words.reason(remark)}", True)
    yield from _published(shape, words)


def _intensities(records: list[dict[str, Any]], words: Words) -> Iterator[Block]:
    columns = (words("station"), words("epicentre km"), words("horizontal PGA cm/s²"), words("horizontal PGV cm/s"),
               "GB/T 17742-2020", "JMA", "MMI (PGV)", "MCS (PGV)", words("usable periods s"))  # fmt: skip
    rows = tuple(
        (
            record["station"],
            number(record["epicentre_km"]),
            number(record["horizontal"]["pga_cm_s2"]),
            number(record["horizontal"]["pgv_cm_s"]),
            number(record["china_gb_t_17742"]),
            number(record["jma"]),
            *(number(max(row[scale] for row in record["components"])) for scale in ("mmi_pgv", "mcs_pgv")),
            f"{number(record['usable_s'][0])}–{number(record['usable_s'][1])}",
        )
        for record in records
    )
    yield Table(columns, rows, (1.6, 1.5, 1.9, 1.9, 1.9, 1.1, 1.4, 1.4, 1.9), 1)


def _published(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    """What agencies' headers say beside what was found."""
    rows = tuple(
        (record["station"], row["component"], label, number(row[f"published_{key}"], 5), number(row[key], 5),
         f"{row[f'{key}_off_percent']:+.2f}")
        for record in shape["records"]
        for row in record["components"]
        for label, key in (("PGA cm/s²", "pga_cm_s2"), ("PGV cm/s", "pgv_cm_s"), ("PGD cm", "pgd_cm"))
        if row[f"published_{key}"] is not None
    )  # fmt: skip
    if rows:
        yield Heading(words("What agencies print"), 2)
        columns = (words("station"), words("component"), words("quantity"), words("printed"), words("found"),
                   words("difference %"))  # fmt: skip
        yield Table(columns, rows, (2, 2, 2, 2, 2, 2), 3)


def _refused(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    yield Heading(words("Refused records"))
    if not shape["refused"]:
        yield Text(words("None."))
        return
    columns = words("event"), words("station"), words("reason")
    rows = tuple((one["event"], one["station"], words.reason(one["reason"])) for one in shape["refused"])
    yield Table(columns, rows, (3, 1.8, 9), 3)


def _traces(found: Found, shape: dict[str, Any], words: Words) -> Iterator[Block]:
    places = [*shape["sites"], *(piece for route in shape["routes"] for piece in route["segments"])]
    used = {(row["event"], row["station"]) for place in places for row in place["events"] if row["station"] is not None}
    yield Heading(words("Traces and Fourier spectra"))
    yield Text(words("Corrected acceleration of the records that stand for a place."))
    for record in shape["records"]:
        key = record["event"], record["station"]
        if key in used:
            caption = words("{station}, {event}: {km} km from the epicentre.", station=record["station"],
                            event=record["event"], km=number(record["epicentre_km"]))  # fmt: skip
            yield Picture(plots.draw_record(found.records[key], record["fourier"], words), caption)
