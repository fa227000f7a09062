"""`houfeng stations`: list them, compare and check what describes them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from database import queries
from houfeng import shapes
from houfeng.cli.listing import read_database
from houfeng.cli.options import config_option
from houfeng.cli.printing import format_option, print_rows
from houfeng.times import now_ns
from stations.changes import changes
from stations.check import RULES, Severity, check_stationxml
from stations.health import State
from stations.inventory import parse_stationxml

_COLUMNS = ("status", "id", "name", "country", "total_latency_s", "percent_availability_1h", "num_gaps", "reason")

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def stations() -> None:
    """Stations: how they are, and what describes them."""


@stations.command("list")
@config_option
@format_option
@click.option("--status", type=click.Choice([str(state) for state in State]), help="Only stations of this status.")
def list_stations(config: Path | None, layout: str, status: str | None) -> None:
    """List the stations, worst first, each with the reason for its status."""
    wanted = None if status is None else State(status)
    rows = read_database(config, lambda snapshot: queries.stations(snapshot, status=wanted, seen_at_ns=now_ns()))
    print_rows("stations", [shapes.station(row) for row in rows], _COLUMNS, layout)


@stations.command("diff")
@click.argument("old", type=_file)
@click.argument("new", type=_file)
def diff_stations(old: Path, new: Path) -> None:
    """Show what stations and channel epochs of the StationXML NEW say otherwise than those of OLD."""
    found = changes(*(parse_stationxml(path.read_bytes(), str(path)) for path in (old, new)))
    for change in found:
        click.echo(f"{change.what}: {change.text}")
    if not found:
        click.echo("no difference in stations and channel epochs")


@stations.command("check")
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
    """Check StationXML against rules of coordinates, epochs, sampling and response.

    Each line names the file, the rule, channel and epoch, the element, what was found and what was expected. Exit
    status 1 if there are errors; warnings alone leave it 0. `houfeng stations check --rules` lists the rules.
    """
    found = {file: check_stationxml(file.read_bytes(), str(file)) for file in files}
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
