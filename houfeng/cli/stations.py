"""`houfeng stations`: list them, compare and check what describes them; more in the modules beside this one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from database import queries
from houfeng import shapes
from houfeng.cli.listing import read_database
from houfeng.cli.options import config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.cli.stations_remove import remove_stations
from houfeng.cli.stations_set import import_stations, set_stations
from houfeng.cli.stations_show import show_station
from houfeng.network import read_network
from houfeng.shape_types import Station
from houfeng.times import now_ns
from stations.changes import changes
from stations.check import RULES, Severity, check_stationxml
from stations.health import State
from stations.inventory import Inventory
from stations.reading import parse_inventory, stationxml_of
from stations.settings import USAGES

_COLUMNS = (
    "status",
    "id",
    "name",
    "country",
    "usage",
    "total_latency_s",
    "percent_availability_1h",
    "num_gaps",
    "reason",
)

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def stations() -> None:
    """Stations: how they are, and what describes them."""


stations.add_command(set_stations)
stations.add_command(import_stations)
stations.add_command(remove_stations)
stations.add_command(show_station)


@stations.command("list", short_help="List the stations, worst first, with the reason.")
@config_option
@format_option
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--status", type=click.Choice([str(state) for state in State]), help="Only stations of this status.")
@click.option("--country", metavar="XX", help="Only stations of this country (ISO 3166 alpha-2).")
@click.option("--network", metavar="CODE", help="Only stations of this network.")
@click.option("--usage", type=click.Choice(USAGES), help="Only stations that are used like this.")
def list_stations(config: Path | None, layout: str, as_json: bool, status: str | None, **choice: str | None) -> None:
    """List the stations, worst first, each with the reason for its status; those that do not count come last."""
    wanted = None if status is None else State(status)
    rows = read_database(
        config, lambda snapshot: queries.stations(snapshot, status=wanted, seen_at_ns=now_ns(), **choice)
    )
    layout = "json" if as_json else layout
    shaped = [shapes.station(row) for row in rows]
    print_rows(
        "stations", list(map(_for_people, shaped)) if layout == "table" else shaped, _COLUMNS, layout, shortened="name"
    )


def _for_people(row: Station) -> Station:
    """A row whose reason tells who said until when, and why, that it is not used in full."""
    if not row["usage_by"]:
        return row
    until = f"until {row['usage_until'][:16]}Z, " if row["usage_until"] else ""
    said = f"{until}{row['usage_by']}: {row['usage_why']}"
    return {**row, "reason": "; ".join(filter(None, (said, row["reason"])))}


@stations.command("diff", short_help="Show what another description says otherwise.")
@click.argument("files", type=_file, nargs=-1, required=True, metavar="[OLD] NEW")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff_stations(files: tuple[Path, ...], config: Path | None, as_json: bool) -> None:
    """Show what stations and channel epochs of NEW say otherwise than those of OLD, field by field.

    Both may be StationXML, dataless SEED, FDSN station text or CSV. Without OLD, NEW is compared with what the network
    knows of its stations.
    """
    if len(files) > 2:
        raise click.UsageError(f"one file, or OLD and NEW, are needed; {len(files)} came")
    read = [parse_inventory(path.read_bytes(), str(path)) for path in files]
    old = read[0] if len(read) == 2 else _part(read_network(settings_of(config)).inventory, read[0])
    found = changes(old, read[-1])
    if as_json:
        click.echo(json.dumps({"changes": [asdict(change) for change in found]}, ensure_ascii=False, indent=2))
        return
    for change in found:
        click.echo(f"{change.what}: {change.text}")
    if not found:
        click.echo("no difference in stations and channel epochs")


def _part(known: Inventory, of: Inventory) -> Inventory:
    """What is known of the stations of another inventory."""
    sites = {key: site for key, site in known.sites.items() if key in of.sites}
    return Inventory(sites, tuple(epoch for epoch in known.epochs if epoch.source_id.station_id in sites))


@stations.command("check", short_help="Check StationXML or dataless SEED against rules.")
@click.argument("files", type=_file, nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda *asked: _print_rules(*asked),
    help="List the rules and end.",
)
def check_stations(files: tuple[Path, ...], as_json: bool) -> None:
    """Check StationXML, or dataless SEED as StationXML, against rules of coordinates, epochs, sampling and response.

    Each line names the file, the rule, channel and epoch, the element, what was found and what was expected. Exit
    status 1 if there are errors; warnings alone leave it 0. `houfeng stations check --rules` lists the rules.
    """
    found = {file: check_stationxml(stationxml_of(file.read_bytes(), str(file)), str(file)) for file in files}
    if as_json:
        rows = [
            {"file": str(file), "severity": str(each.severity), **asdict(each)}
            for file, findings in found.items()
            for each in findings
        ]
        click.echo(json.dumps({"findings": rows}, ensure_ascii=False, indent=2))
    else:
        for file, findings in found.items():
            for each in findings:
                click.echo(f"{file}: {each}")
    severities = [each.severity for findings in found.values() for each in findings]
    n_errors, n_warnings = (severities.count(severity) for severity in (Severity.ERROR, Severity.WARNING))
    if not as_json:
        click.echo(f"{len(files)} files: {n_errors} errors, {n_warnings} warnings")
    if n_errors:
        raise SystemExit(1)


def _print_rules(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        for rule, (severity, text) in RULES.items():
            click.echo(f"{rule} {severity:7} {text}")
        ctx.exit()
