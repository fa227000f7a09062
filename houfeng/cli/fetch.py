"""`houfeng fetch`: records and StationXML of chosen channels and times from a data centre."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import click
from obspy import read_events
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from acquisition.archive import Archive
from acquisition.backfill import Backfill, Filled
from acquisition.fdsn.coverage import join, total_s
from acquisition.fdsn.metadata import StationService
from acquisition.fdsn.settings import FdsnSettings
from configs import Settings
from houfeng.cli.archive_holdings import bring_up_to_date
from houfeng.cli.fetch_days import Brought, by_day
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.summary import summarise
from houfeng.errors import InventoryError, SourceError
from houfeng.times import from_utcdatetime, parse_ns, seconds_ns
from houfeng.types import Gap, SourceId
from stations.changes import changes
from stations.inventory import Inventory, parse_stationxml

Pattern = tuple[str, str, str, str]
Window = tuple[int, int]

STATIONXML = "stationxml"
# The whole history of a station: responses of old records are found in the same file.
_ALL_TIMES = (parse_ns("1900-01-01"), parse_ns("2100-01-01"))


class Streams(click.ParamType["tuple[Pattern, ...]"]):
    """NET.STA.LOC.CHA patterns, several with commas between them."""

    name = "streams"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Pattern, ...]:
        patterns = [tuple(word.strip().split(".")) for word in str(value).split(",")]
        for pattern in patterns:
            if len(pattern) != 4 or not all((pattern[0], pattern[1], pattern[3])):
                self.fail(f"NET.STA.LOC.CHA is needed (* and ? allowed), {'.'.join(pattern)!r} came", param, ctx)
        return tuple(patterns)  # type: ignore[arg-type]  # four each, as was just checked


@click.command()
@click.option("--server", required=True, metavar="URL|NAME", help="Of the data centre: https://geofon.gfz.de, or GFZ.")
@click.option("--streams", type=Streams(), required=True, multiple=True, metavar="NET.STA.LOC.CHA,...",
              help="Channels; * and ? allowed. May be given several times.")  # fmt: skip
@click.option("--start", type=Time(), metavar="TIME", help="From this UTC time on ...")
@click.option("--end", type=Time(), metavar="TIME", help="... to this one. Not with --events.")
@click.option("--events", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="CATALOGUE",
              help="Around the origin times of these events instead (QuakeML, or what else ObsPy reads).")  # fmt: skip
@click.option("--before", "before_s", type=click.FloatRange(min=0), default=60.0, show_default=True, metavar="S",
              help="With --events: seconds before each origin time.")  # fmt: skip
@click.option("--after", "after_s", type=click.FloatRange(min=0, min_open=True), default=300.0, show_default=True,
              metavar="S", help="With --events: seconds after it.")  # fmt: skip
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Folder for the records, in SDS layout.")  # fmt: skip
@click.option("--archive", is_flag=True, help="Into the archive of the configuration (the daemon must be stopped).")
@click.option("--user", metavar="NAME", default="", help="Ask for restricted records as this user, with --secret.")
@click.option("--secret", metavar="env:NAME|file:PATH", default="",
              help="Where the user's password is; without --user, an EIDA token.  "
              "[default: as [[fdsn]] of the configuration has it for this server]")  # fmt: skip
@config_option
@click.pass_context
def fetch(
    ctx: click.Context,
    server: str,
    streams: tuple[tuple[Pattern, ...], ...],
    start: int | None,
    end: int | None,
    events: Path | None,
    before_s: float,
    after_s: float,
    folder: Path | None,
    archive: bool,
    user: str,
    secret: str,
    config: Path | None,
) -> None:
    """Download records and StationXML from an FDSN data centre.

    What is there already is not asked for: the same command again goes on where it was interrupted, and closes the
    gaps that are left. Records are kept as the data centre sends them; what it lacks is noted in fdsn-absent.json and
    asked for again after an hour, four hours, ... The exit status is 1 when a request failed for good.
    """
    windows = _windows(start, end, events, seconds_ns(before_s), seconds_ns(after_s))
    if (folder is None) != archive:
        raise click.UsageError("one of --to DIR and --archive is needed")
    configured = settings_of(config)
    root = folder if folder is not None else Path(configured.archive.path)
    patterns = [pattern for group in streams for pattern in group]
    said, is_whole = bring(configured, service_of(configured, server, user, secret), patterns, windows, root)
    click.echo(said)
    ctx.exit(0 if is_whole else 1)


def bring(
    configured: Settings,
    settings: FdsnSettings,
    patterns: list[Pattern],
    windows: list[Window],
    root: Path,
    brought: Brought | None = None,
) -> tuple[str, bool]:
    """Download what a folder lacks; what came of it in words, and whether no request failed for good.

    Parameters
    ----------
    brought : told, when a day of UTC is there, with its end in ns: days are then asked for one after the other

    Raises
    ------
    SourceError : if the data centre has no such channels
    ArchiveError : if the folder cannot be written
    """
    service = StationService(settings)
    opened = Archive(root)
    try:
        wanted, inventory = _channels(service, patterns, windows)
        _save_stationxml(service, inventory, root / STATIONXML)
        filled = _download(settings, opened, wanted, brought)
    finally:
        opened.close()
        bring_up_to_date(configured, root)
    return summarise(wanted, filled, root), all(lost.absent for lost in filled.missing)


def service_of(configured: Settings, server: str, user: str = "", secret: str = "") -> FdsnSettings:
    """How a data centre is asked: as the options say, else as [[fdsn]] of the configuration has it."""
    if user and not secret:
        raise click.UsageError("--user needs --secret env:NAME or file:PATH")
    if secret:
        return FdsnSettings(server, auth="userpass" if user else "eida", user=user, secret=secret)
    known = next((one for one in configured.fdsn if one.address == server), None)
    return (
        FdsnSettings(server, auth=known.auth, user=known.user, secret=known.secret) if known else FdsnSettings(server)
    )


def _windows(start: int | None, end: int | None, events: Path | None, before_ns: int, after_ns: int) -> list[Window]:
    if events is not None:
        if start is not None or end is not None:
            raise click.UsageError("--events and --start/--end exclude each other")
        return [(at_ns - before_ns, at_ns + after_ns) for at_ns in _origin_times(events)]
    if start is None or end is None:
        raise click.UsageError("--start and --end are needed, or --events")
    if not start < end:
        raise click.UsageError("--start must be before --end")
    return [(start, end)]


def _origin_times(path: Path) -> list[int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ObsPy, about details of events that are not used here
            catalogue = read_events(str(path))
    except Exception as error:  # ObsPy's readers raise whatever their parsers raise
        raise SourceError(f"{path}: no catalogue that ObsPy can read: {error}") from error
    origins = [event.preferred_origin() or next(iter(event.origins), None) for event in catalogue]
    times = [from_utcdatetime(origin.time) for origin in origins if origin is not None]
    if not times:
        raise SourceError(f"{path}: holds no event with an origin time")
    return times


def _channels(
    service: StationService, patterns: list[Pattern], windows: list[Window]
) -> tuple[list[Gap], Inventory | None]:
    """Every wanted time of every channel, and what the data centre knows of the channels."""
    start_ns, end_ns = min(window[0] for window in windows), max(window[1] for window in windows)
    xml = service.document(patterns, start_ns, end_ns, level="channel")
    if xml is not None:
        inventory = parse_stationxml(xml, service.address)
        wanted = channel_times(inventory, patterns, windows)
        if not wanted:
            raise SourceError(f"{service.address}: none of these channels was in operation at that time")
        return wanted, inventory
    if any(letter in code for pattern in patterns for code in pattern for letter in "*?"):
        raise SourceError(f"{service.address}: has no such channels, or no station service to ask for them")
    click.echo(f"{service.address}: no station metadata of these channels; asking for their records alone", err=True)
    channels = [SourceId(net, sta, loc.replace("--", ""), cha) for net, sta, loc, cha in patterns]
    return [Gap(channel, *window) for channel in channels for window in windows], None


def channel_times(inventory: Inventory, patterns: Iterable[Pattern], windows: Iterable[Window]) -> list[Gap]:
    """The windows within the epochs of the channels that match a pattern; a channel without samples has none."""
    globs = [".".join(pattern).replace("--", "") for pattern in patterns]
    wanted = []
    for epoch in inventory.epochs:
        if epoch.sample_rate_hz and any(fnmatchcase(str(epoch.source_id), glob) for glob in globs):
            for start_ns, end_ns in windows:
                first_ns = max(start_ns, epoch.start_ns)
                last_ns = end_ns if epoch.end_ns is None else min(end_ns, epoch.end_ns)
                if first_ns < last_ns:
                    wanted.append(Gap(epoch.source_id, first_ns, last_ns))
    return wanted


def _save_stationxml(service: StationService, inventory: Inventory | None, folder: Path) -> None:
    """The whole StationXML of each station beside the records, anew when the data centre has changed it."""
    if inventory is None:
        return
    folder.mkdir(exist_ok=True)
    for station_id in inventory.sites:
        path = folder / f"{station_id}.xml"
        known = _read(path)
        if known is not None and _agrees(known, inventory, station_id):
            continue
        network, station = station_id.split(".")
        try:
            xml = service.document([(network, station, "*", "*")], *_ALL_TIMES, level="response")
            if xml is None:
                continue
            new = parse_stationxml(xml, path.name)
        except (SourceError, InventoryError) as error:
            click.echo(f"{station_id}: StationXML not saved: {error}", err=True)
            continue
        for change in changes(known, new) if known is not None else ():
            click.echo(f"{change.what}: {change.text}", err=True)
        written = path.with_name(f"{path.name}.new")
        written.write_bytes(xml)
        written.replace(path)


def _read(path: Path) -> Inventory | None:
    try:
        return parse_stationxml(path.read_bytes(), path.name)
    except (FileNotFoundError, InventoryError):
        return None


def _agrees(known: Inventory, inventory: Inventory, station_id: str) -> bool:
    """Whether a document has the epochs that the data centre has today."""
    today = {(e.source_id, e.start_ns, e.end_ns) for e in inventory.epochs if e.source_id.station_id == station_id}
    return today <= {(e.source_id, e.start_ns, e.end_ns) for e in known.epochs}


def _download(settings: FdsnSettings, archive: Archive, wanted: list[Gap], brought: Brought | None) -> Filled:
    columns = (TextColumn("Fetching"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("fetch", total=total_s(join(wanted)))

        def advance(seconds: float) -> None:
            bar.advance(task, seconds)

        def fill(gaps: list[Gap]) -> Filled:
            backfill = Backfill(settings, archive.root, archive.quarantine, progress=advance, insists=True)
            return backfill.fill(archive, gaps)

        return fill(wanted) if brought is None else by_day(fill, wanted, brought)
