"""`houfeng stations remove`: take imported stations back."""

from __future__ import annotations

from pathlib import Path

import click

from database.store import Store
from houfeng.cli.operator import by_option, origin, who_acts
from houfeng.cli.options import config_option, settings_of
from houfeng.cli.stations_set import dry_option
from houfeng.removing import look_for, take_back, what_stays
from houfeng.times import now_ns


@click.command("remove", short_help="Take imported stations back.")
@click.argument("names", nargs=-1, required=True, metavar="FILE|NET.STA...")
@config_option
@click.option("--why", metavar="TEXT", required=True, help="The reason: it is what the next shift reads.")
@by_option
@dry_option
def remove_stations(names: tuple[str, ...], config: Path | None, why: str, by: str | None, dry_run: bool) -> None:
    """Take imported documents back, each by the name of its FILE or by the only stations that it describes.

    What is otherwise without them is printed, and what stays: records, picks, events, the history of states, what
    operators set, and the audit. What the configuration or fetched StationXML says of a station counts again. A running
    daemon takes it on within a minute. To have a station watched no more, set it to `--usage off`.

    \b
      houfeng stations remove list.csv --why "wrong coordinates"
      houfeng stations remove KR.NRN --why "closed in May" --dry-run
    """
    settings = settings_of(config)
    found = look_for(names, settings)
    for path, described in found.documents.items():
        click.echo(f"{path.name}: describes {', '.join(described) or 'nothing that can be read'}")
    for change in found.changes:
        click.echo(f"{change.what}: {change.text}")
    store = Store.open(settings.database.url)
    try:
        for line in what_stays(found, store):
            click.echo(line)
        if dry_run:
            click.echo("nothing was removed (--dry-run)")
            return
        take_back(found, settings, store, at_ns=now_ns(), by=who_acts(by), why=why, origin=origin())
    finally:
        store.close()
    for path in found.documents:
        click.echo(f"{path.name}: removed")
