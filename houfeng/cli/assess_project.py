"""`houfeng assess project`: sites and pipelines of a project file, with a report that can be signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engineering.project import Language
from houfeng.cli.printing import print_table
from houfeng.errors import ConfigError
from houfeng.projects.load import open_project
from houfeng.projects.places import routes_shape, sites_shape, unknown_stations
from houfeng.projects.running import Found, assess_project

_COLUMNS = (
    "place",
    "event",
    "station",
    "station_km",
    "pga_cm_s2",
    "pgv_cm_s",
    "largest_ratio",
    "at_period_s",
    "strain",
)


@click.command("project", short_help="Of a project's sites and pipelines, with a report to sign.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.toml")
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="FOLDER",
              help="For assessment.json and the reports; it is made.")  # fmt: skip
@click.option("--language", "languages", type=click.Choice([each.value for each in Language]), multiple=True,
              help="Of the report, whatever FILE says; repeat it for several.")  # fmt: skip
def project(file: Path, folder: Path, languages: tuple[str, ...]) -> None:
    """Measured against design spectra, thresholds, strain of pipes: each event at each site and segment.

    FILE names places, records, events, codes and thresholds (docs/assessment.md). Into FOLDER come assessment.json, the
    same bytes from the same inputs, and report.LANGUAGE.html and .pdf. Records that clip, are too short, end while the
    ground moves, lack a response or do not rise above noise are refused and listed.
    """
    opened = open_project(file)
    _make(folder)  # before the work: a folder that cannot be made is told at once
    found = assess_project(opened)
    rows = _rows(found)
    if rows:
        print_table(rows, _COLUMNS)
    if found.true_sites:
        click.echo(
            f"scenario: † was recorded elsewhere and stands in here: {', '.join(sorted(found.true_sites))}", err=True
        )
    for line in unknown_stations(found):
        click.echo(f"{file}: {line}", err=True)
    for refusal in found.refusals.values():
        click.echo(f"refused: {refusal.event}: {refusal.reason}", err=True)
    # pictures need matplotlib, which is imported when there is something to draw
    from houfeng.projects.writing import write_assessment

    for path, remark in write_assessment(found, folder, [Language(each) for each in languages]):
        click.echo(f"wrote {path}" + (f": {remark}" if remark else ""))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {folder}: cannot be made: {error.strerror}") from error


def _rows(found: Found) -> list[dict[str, Any]]:
    places = [(site["name"], row) for site in sites_shape(found) for row in site["events"]]
    places += [
        (f"{route['name']} km {piece['from_km']:.1f}-{piece['to_km']:.1f}", row)
        for route in routes_shape(found)
        for piece in route["segments"]
        for row in piece["events"]
    ]
    return [_row(name, row) for name, row in places]


def _row(name: str, row: dict[str, Any]) -> dict[str, Any]:
    made = [one for one in row.get("spectra", ()) if one.get("largest_ratio") is not None]
    best = max(made, key=lambda one: float(one["largest_ratio"]), default={"largest_ratio": None, "at_period_s": None})
    peaks: dict[str, Any] = {"station": f"{row['station']} †" if row.get("is_stand_in") else row["station"]}
    peaks |= {key: row.get(key) for key in ("station_km", "pga_cm_s2", "pgv_cm_s", "strain")}
    ratio = {key: best[key] for key in ("largest_ratio", "at_period_s")}
    return {"place": name, "event": row["event"]} | peaks | ratio
