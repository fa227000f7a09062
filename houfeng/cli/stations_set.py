"""`houfeng stations set` and `import`: what operators change, with who, when and why."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from configs import Settings
from database import queries, registry
from database.store import Store
from database.unit import UnitOfWork
from houfeng.cli.operator import Until, by_option, origin, who_acts
from houfeng.cli.options import config_option, settings_of
from houfeng.codes import is_wild
from houfeng.errors import RegistryError
from houfeng.importing import Import, look_over, take_on
from houfeng.network import read_network
from houfeng.times import now_ns
from stations.card import FIELDS, resolved
from stations.check import RULES
from stations.usage import LEVELS

dry_option = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("set", short_help="Change how stations are used; maintenance, for one.")
@click.argument("stations", nargs=-1, required=True, metavar="NET.STA...")
@config_option
@click.option("--usage", type=click.Choice(LEVELS), help="How it is used; `configured`: as the configuration says.")
@click.option("--until", type=Until(), metavar="TIME", help="When that ends by itself: a UTC time, or 30min, 6h, 2d.")
@click.option("--agency", metavar="TEXT", help='Who runs it: code of an [[agency]] or a name; "" as configured.')
@click.option("--contact", metavar="TEXT", help='How to reach them; "" as the configuration says.')
@click.option("--link", metavar="TEXT", help='What its data come over; "" as the configuration says.')
@click.option("--why", metavar="TEXT", required=True, help="The reason: it is what the next shift reads.")
@by_option
@dry_option
def set_stations(
    stations: tuple[str, ...],
    config: Path | None,
    usage: str | None,
    until: int | None,
    why: str,
    by: str | None,
    dry_run: bool,
    **fields: str | None,
) -> None:
    """Change how stations are used, or what is known beside their seismology; * and ? stand for parts of a name.

    A running daemon takes it on at its next report (daemon.report_interval_s); pages show it at once. All stations are
    changed, or none; who, when, before, after and why are kept for good.

    \b
      houfeng stations set KR.NRN --usage maintenance --until 6h --why "batteries are changed"
      houfeng stations set 'KR.*' --link "VSAT hub Almaty" --why "moved from radio"
    """
    settings = settings_of(config)
    given = {name: value.strip() for name in FIELDS if (value := fields[name]) is not None}
    values = resolved(given, settings.agency)
    if usage is None and not values:
        raise click.UsageError("nothing to set: give --usage, --agency, --contact or --link")
    if until is not None and usage is None:
        raise click.UsageError("--until is the end of a --usage")
    act: dict[str, Any] = {"at_ns": now_ns(), "by": who_acts(by), "why": why, "origin": origin()}
    said: list[str] = []

    def work(unit: UnitOfWork) -> None:
        said.clear()
        for station_id in _meant(stations, _known(unit, settings)):
            if usage is not None:
                before = registry.usage_changes(unit.connection, station_id).get(station_id)
                change = registry.set_usage(unit, station_id, usage, until_ns=until, **act)
                said.append(f"{station_id}: usage: {before or 'configured'} -> {change}")
            if values:
                differ = registry.set_corrections(unit, station_id, values, **act)
                said.extend(f"{station_id}: {name}: {old!r} -> {new!r}" for name, (old, new) in differ.items())
        if dry_run:
            raise _NothingDone

    _run(settings, work)
    for line in said or ["no difference"]:
        click.echo(line)
    if dry_run:
        click.echo("nothing was changed (--dry-run)")


@click.command("import", short_help="Take on stations from StationXML, SEED, text or CSV.")
@click.argument("files", type=_file, nargs=-1, required=True, metavar="FILE...")
@config_option
@click.option("--check", is_flag=True, help="Check and compare only; the same as --dry-run.")
@click.option(
    "--accept",
    multiple=True,
    type=click.Choice(list(RULES)),
    metavar="RULE",
    help="Take StationXML on in spite of errors of this rule; it is noted.",
)
@click.option("--why", metavar="TEXT", default="", help="The reason, for the audit.")
@by_option
@dry_option
def import_stations(
    files: tuple[Path, ...],
    config: Path | None,
    check: bool,
    accept: tuple[str, ...],
    why: str,
    by: str | None,
    dry_run: bool,
) -> None:
    """Take on stations and channel epochs from StationXML, dataless SEED, FDSN station text or CSV.

    What a file changes is printed; a file is taken on whole or not at all, and none is when one of them cannot be used.
    It has the last word over fetched StationXML and `inventory.files`; import another file of the same name to replace
    it. A running daemon takes it on within a minute. `houfeng stations check --rules` lists what StationXML must keep.
    """
    settings = settings_of(config)
    found: list[Import] = []
    network = read_network(settings)
    for file in files:
        found.append(look_over(file, settings, network))
        for finding in found[-1].findings:
            accepted = " (accepted)" if finding.rule in accept else ""
            click.echo(f"{file}: {finding}{accepted}")
        _print_changes(found[-1])
    n_errors = sum(len(each.errors(accept)) for each in found)
    if n_errors:
        click.echo(f"nothing was imported: {n_errors} errors; mend them, or --accept their rules", err=True)
        raise SystemExit(1)
    if check or dry_run:
        click.echo("nothing was imported (--dry-run)")
        return
    who, at_ns = who_acts(by), now_ns()
    reason = "; ".join(filter(None, (why.strip(), f"accepted: {', '.join(accept)}" if accept else "")))
    store = Store.open(settings.database.url)
    try:
        for each in found:
            take_on(each, settings, store, at_ns=at_ns, by=who, why=reason, origin=origin())
            click.echo(f"{each.path}: imported")
    finally:
        store.close()


def _print_changes(found: Import) -> None:
    for change in found.changes:
        click.echo(f"{found.path}: {change.what}: {change.text}")
    for station_id, values in found.cards.items():
        for name, value in values.items():
            click.echo(f"{found.path}: {station_id}: {name}: {value!r}")
    if not found.changes and not found.cards:
        click.echo(f"{found.path}: no difference in stations and channel epochs")


class _NothingDone(Exception):  # noqa: N818 - no error: it undoes a dry run
    pass


def _run(settings: Settings, work: Any) -> None:
    store = Store.open(settings.database.url)
    try:
        store.run(work)
    except _NothingDone:
        pass
    finally:
        store.close()


def _known(unit: UnitOfWork, settings: Settings) -> list[str]:
    return sorted({*queries.station_ids(unit.connection), *(station.code for station in settings.station)})


def _meant(patterns: Iterable[str], known: list[str]) -> list[str]:
    meant: dict[str, None] = {}
    for pattern in patterns:
        found = [name for name in known if (fnmatchcase(name, pattern) if is_wild(pattern) else name == pattern)]
        if not found:
            near = get_close_matches(pattern, known, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise RegistryError(f"{pattern}: a station that `houfeng stations list` knows is needed{hint}")
        meant |= dict.fromkeys(found)
    return list(meant)
