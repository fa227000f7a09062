"""A project's results as the chapters of a report, the answer first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from houfeng.projects.report import maps, plots, recorded, scenario, sources
from houfeng.projects.report.blocks import Block, Document, Heading, Picture, Table, Text
from houfeng.projects.report.words import Words, number
from houfeng.projects.running import Found


@dataclass(frozen=True, slots=True)
class Results:
    """What a report is written from.

    Parameters
    ----------
    found : with the series that pictures are drawn from
    shape : the same figures as in the JSON
    sha256 : of the JSON, printed on every page
    """

    found: Found
    shape: dict[str, Any]
    sha256: str


def write(results: Results, words: Words) -> Document:
    """The report in the language of its words."""
    shape = results.shape
    blocks: list[Block] = [
        *_first(shape, words),
        *_asked(shape, words),
        *_events(shape, words),
        *_sites(results, words),
        *_routes(shape, words),
        *recorded.chapters(results.found, shape, words),
        *sources.chapters(shape, results.sha256, words),
    ]
    title = shape["project"]["project"]["title"]
    foot = words("{title} · results {sha256} · page {{page}} of {{pages}}", title=title, sha256=results.sha256[:16])
    return Document(str(words.language), title, foot, tuple(blocks), scenario.notice(shape, words))


def _first(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    asked = shape["project"]["project"]
    for label, text in ((words("Client"), asked["client"]), (words("Engineer"), asked["engineer"])):
        if text:
            yield Text(f"{label}: {text}")
    if asked["notes"]:
        yield Text(asked["notes"])
    yield from scenario.warnings(shape, words)
    yield Heading(words("Summary"))
    sites = [(site, row) for site in shape["sites"] for row in _strongest(site["events"])]
    if sites:
        columns = (words("site"), words("strongest event"), words("station"), words("station km"), "PGA cm/s²",
                   "PGV cm/s", words("largest ratio to design"), words("at period s"))  # fmt: skip
        rows = tuple(_site_row(site, row, words) for site, row in sites)
        yield Table(columns, rows, (3, 3, 1.8, 1.2, 1.4, 1.3, 3.6, 1.2), 3)
    for route in shape["routes"]:
        yield from _route_summary(route, words)
    unmeasured = _unmeasured(shape)
    if unmeasured:
        yield Text(words("Not measured: {places}. The chapters below say why.", places="; ".join(unmeasured)), True)
    n_refused = len(shape["refused"])
    n_all = n_refused + len(shape["records"])
    yield Text(words("Of the records that could have been assessed ({all}) those refused ({refused}) are listed, each "
                     "with the reason.", all=n_all, refused=n_refused))  # fmt: skip
    yield Text(words("PGA and PGV of sites and segments are peaks of the horizontal vector. A ratio above 1 means that "
                     "the measured spectrum was beyond the design spectrum at that period; it is no statement about a "
                     "structure's damage."))  # fmt: skip


def _strongest(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The event that says most of a place: the largest ratio, else the largest PGV."""
    measured = [row for row in events if row["station"] is not None]
    return [max(measured, key=lambda row: (_largest(row)[0] or 0.0, row["pgv_cm_s"]))] if measured else []


def _largest(row: dict[str, Any]) -> tuple[float | None, float | None, str]:
    """The largest ratio to a design spectrum, its period, and the spectrum's name."""
    made = [one for one in row["spectra"] if one.get("largest_ratio") is not None]
    if not made:
        return None, None, ""
    best = max(made, key=lambda one: float(one["largest_ratio"]))
    return best["largest_ratio"], best["at_period_s"], best["name"]


def _site_row(site: dict[str, Any], row: dict[str, Any], words: Words) -> tuple[str, ...]:
    ratio, period_s, name = _largest(row)
    said = f"{number(ratio)} ({name})" if ratio is not None else words("nothing to compare with")
    peaks = number(row["station_km"]), number(row["pga_cm_s2"]), number(row["pgv_cm_s"])
    return site["name"], row["event"], scenario.station_of(row), *peaks, said, number(period_s)


def _route_summary(route: dict[str, Any], words: Words) -> Iterator[Block]:
    rows = [(piece, row) for piece in route["segments"] for row in piece["events"] if row["station"] is not None]
    if not rows:
        yield Text(words("{route}: no segment has a record.", route=route["name"]), True)
        return
    piece, row = max(rows, key=lambda pair: float(pair[1]["strain"]))
    said = words("{route}: largest axial strain {strain} at km {a} to {b} ({event}).", route=route["name"],
                 strain=number(row["strain"]), a=number(piece["from_km"]), b=number(piece["to_km"]),
                 event=row["event"])  # fmt: skip
    said += _of_limit(route, row["strain"], words)
    chinese = max((row["strain_gb_t_50470"] for _, row in rows if row["strain_gb_t_50470"] is not None), default=None)
    if chinese is not None:
        said += " " + words("After GB/T 50470 (unconfirmed): {strain} at most.", strain=number(chinese))
        said += _of_limit(route, chinese, words)
    yield Text(said)


def _of_limit(route: dict[str, Any], strain: float, words: Words) -> str:
    limit = route["strain_limit"]
    if limit is None:
        return ""
    return " " + words("That is {share} of the limit {limit}.", share=number(strain / limit), limit=number(limit))


def _unmeasured(shape: dict[str, Any]) -> list[str]:
    found = [site["name"] for site in shape["sites"] if not _strongest(site["events"])]
    for route in shape["routes"]:
        pieces = [piece for piece in route["segments"] if not _strongest(piece["events"])]
        found += [f"{route['name']} km {number(one['from_km'])}–{number(one['to_km'])}" for one in pieces]
    return found


def _asked(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    yield Heading(words("What was asked"))
    places = [*shape["sites"], *shape["routes"]]
    rows = {
        (
            one["name"],
            words.reason(one["title"]),
            number(one["damping"] * 100),
            words("yes") if one["confirmed"] else words("no"),
        )
        for place in places
        for one in place["design"]
    }
    if rows:
        columns = words("spectrum"), words("what it is"), words("damping %"), words("confirmed")
        yield Table(columns, tuple(sorted(rows)), (3, 8, 1.5, 1.5), 2)
    project = shape["project"]
    held = {
        "rotd100": words("Measured spectra are RotD100: the largest of all horizontal directions."),
        "rotd50": words("Measured spectra are RotD50: the median of all horizontal directions."),
        "larger": words("Measured spectra are the larger of the two horizontal components as they were laid."),
    }
    yield Text(held[project["measured"]])
    yield Text(words("A station stands for a place when the project names it, or as the nearest one with an accepted "
                     "record within {km} km. Ground between station and place is not accounted for.",
                     km=number(project["records"]["max_station_km"])))  # fmt: skip


def _events(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    yield Heading(words("Events and completeness"))
    columns = (words("event"), words("origin time UTC"), words("latitude"), words("longitude"), words("depth km"),
               words("magnitude"), words("records"), words("refused"))  # fmt: skip
    rows = tuple(
        (
            event["name"],
            event["time"][:22],
            *(f"{event[key]:.3f}" for key in ("latitude_deg", "longitude_deg")),
            number(event["depth_km"]),
            number(event["magnitude"]) + (f" {event['magnitude_type']}" if event["magnitude_type"] else ""),
            str(event["n_records"]),
            str(event["n_refused"]),
        )
        for event in shape["events"]
    )
    yield Table(columns, rows, (3.2, 3.4, 1.4, 1.6, 1.3, 1.6, 1.2, 1.2), 2)
    yield from scenario.stand_ins(shape, words)
    yield Picture(maps.draw_map(shape, words), words("Places, stations and epicentres.")
                  + scenario.about_epicentres(shape, words))  # fmt: skip


def _sites(results: Results, words: Words) -> Iterator[Block]:
    if results.shape["sites"]:
        yield Heading(words("Sites"))
    for site in results.shape["sites"]:
        yield Heading(f"{site['name']}", 2)
        yield Text(words("Latitude {latitude}, longitude {longitude}; site class {site_class}.",
                         latitude=f"{site['latitude_deg']:.4f}", longitude=f"{site['longitude_deg']:.4f}",
                         site_class=site["site_class"] or "—"))  # fmt: skip
        yield from _place(results, site, words)


def _place(results: Results, place: dict[str, Any], words: Words) -> Iterator[Block]:
    rows, curves = [], []
    for row in place["events"]:
        yield from passed_over(row, place["name"], words)
        if row["station"] is None:
            continue
        rows += [(row["event"], scenario.station_of(row), number(row["station_km"]), *_compared(one, words))
                 for one in row["spectra"]]  # fmt: skip
        record = next(one for one in results.shape["records"]
                      if (one["event"], one["station"]) == (row["event"], row["station"]))  # fmt: skip
        ratios = {one["name"]: one["ratio"] for one in row["spectra"] if not one["not_compared"]}
        label = f"{scenario.station_of(row)} {row['event']}"
        curves.append(plots.Measured(label, np.array(record["measured_g"]), tuple(row["usable_s"]), ratios))
    if rows:
        columns = (words("event"), words("station"), words("station km"), words("spectrum"), words("largest ratio"),
                   words("at period s"), words("exceeded at periods s"), words("compared"))  # fmt: skip
        yield Table(columns, tuple(rows), (3, 1.6, 1.2, 2.6, 1.2, 1.2, 4.2, 1.5), 2)
    if curves:
        svg = plots.draw_spectra(results.found.oscillators.periods_s, place["design"], curves, words)
        caption = words("{place}: response spectra against design, and their ratio, filled where it is more than 1. "
                        "Thick: periods that the record tells of.", place=place["name"])  # fmt: skip
        yield Picture(svg, caption)


def passed_over(row: dict[str, Any], place: str, words: Words) -> Iterator[Block]:
    """Why stations that were to stand for a place do not."""
    for one in row["passed_over"]:
        said = "{place}, {event}: {station} ({km} km) was passed over: {reason}"
        if one["station_km"] is None:
            said = "{place}, {event}: {station} was passed over: {reason}"
        yield Text(words(said, place=place, event=row["event"], station=one["station"],
                         km=number(one["station_km"]), reason=words.reason(one["reason"])), True)  # fmt: skip
    if row["station"] is None:
        yield Text(words("{place}, {event}: not measured.", place=place, event=row["event"])
                   + ("" if row["passed_over"] else " " + words("No station is near enough.")), True)  # fmt: skip


def _compared(one: dict[str, Any], words: Words) -> tuple[str, str, str, str, str]:
    if one["not_compared"]:
        return one["name"], "—", "—", words.reason(one["not_compared"]), "0"
    spans = ", ".join(dict.fromkeys(_span(*span) for span in one["exceeded_s"])) or words("nowhere")
    of = f"{one['n_compared']}/{one['n_compared'] + one['n_not_compared']}"
    return one["name"], number(one["largest_ratio"]), number(one["at_period_s"]), spans, of


def _span(first_s: float, last_s: float) -> str:
    return number(first_s) if first_s == last_s else f"{number(first_s)}–{number(last_s)}"


def _routes(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    for route in shape["routes"]:
        yield Heading(words("Pipeline {route}", route=route["name"]))
        yield Text(words("Length {km} km. Strain of the ground by {wave} waves with an apparent speed of {speed} m/s "
                         "(Newmark; ALA 2001), which a buried pipe takes on at most: straight continuous pipe, away "
                         "from faults and slides.", km=number(route["length_km"]), wave=route["wave"],
                         speed=number(route["speed_m_s"])))  # fmt: skip
        if route["shear_speed_m_s"] is not None:
            yield Text(words("Strain after GB/T 50470 (unconfirmed): the larger of a Tg / (4π Vse) and v / (2 Vse), "
                             "with Tg {period} s and Vse {speed} m/s; a and v are the measured PGA and PGV.",
                             period=number(route["characteristic_period_s"]),
                             speed=number(route["shear_speed_m_s"])))  # fmt: skip
        if route["k1"] is not None:
            yield Text(words("Repairs are a screening after ALA (2001), from water mains, K1 = {k1}.",
                             k1=number(route["k1"])))  # fmt: skip
        asks = route["shear_speed_m_s"] is not None
        chinese = [words("strain GB/T 50470")] if asks else []
        columns = (words("from km"), words("to km"), words("event"), words("station"), words("station km"), "PGA cm/s²",
                   "PGV cm/s", words("strain"), words("of the limit"), *chinese, words("repairs"),
                   words("largest ratio to design"))  # fmt: skip
        rows = tuple(_segment(piece, row, asks) for piece in route["segments"] for row in piece["events"])
        yield Table(columns, rows, (1.1, 1.1, 3, 1.7, 1.3, 1.3, 1.3, 1.6, 1.2, *[1.6] * asks, 1.3, 1.6), 0)
        if any(row["station"] is not None for piece in route["segments"] for row in piece["events"]):
            yield Picture(plots.draw_strain(route, words), words("{route}: axial strain.", route=route["name"]))
        for piece in route["segments"]:
            place = f"{route['name']} km {number(piece['from_km'])}–{number(piece['to_km'])}"
            for row in piece["events"]:
                yield from passed_over(row, place, words)


def _segment(piece: dict[str, Any], row: dict[str, Any], asks: bool) -> tuple[str, ...]:
    at = number(piece["from_km"]), number(piece["to_km"]), row["event"]
    if row["station"] is None:
        return *at, *("—",) * (8 + asks)
    chinese = ["strain_gb_t_50470"] if asks else []
    keys = ("station_km", "pga_cm_s2", "pgv_cm_s", "strain", "strain_over_limit", *chinese, "repairs")
    values = [number(row[key]) for key in keys]
    return *at, scenario.station_of(row), *values, number(_largest(row)[0])
