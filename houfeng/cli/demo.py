"""`houfeng demo`: the whole house on real records, in a minute."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from acquisition.daemon import Daemon
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import queries
from database.store import Store
from houfeng.cli.companion import Companions
from houfeng.cli.demo_programmes import Programme, chosen
from houfeng.cli.limits import raise_file_limit
from houfeng.cli.signals import Signals
from houfeng.demo import DemoFeed
from houfeng.errors import ConfigError
from houfeng.event_lines import summary
from houfeng.installation import Level, check_port
from houfeng.network import load_network
from houfeng.synthetic.region import REGIONS
from houfeng.times import format_ns

_HOST = "127.0.0.1"
_WATCH_S = 1.0


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR", help="Play this folder of miniSEED + StationXML."
)
@click.option(
    "--simulate",
    "region",
    type=click.Choice(sorted(REGIONS)),
    help="Play a SYNTHETIC network: real places of this region, records made by the computer.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Of --data: data s per s.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Of the web page, on 127.0.0.1."
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="Keep archive and database here.  [default: a temporary folder]",
)
@click.pass_obj
def demo(signals: Signals, data: Path | None, region: str | None, speed: float, port: int, folder: Path | None) -> None:
    """Show the whole house at work on real records.

    A SeedLink server on this computer plays four stations and three small earthquakes of 2010 as if they happened
    now; Houfeng receives, archives and detects them and shows stations and events on a web page. The first earthquake
    comes after half a minute. Ctrl-C stops everything. With --simulate nothing is real but the places of the stations.
    """
    finding = check_port(_HOST, port)
    if finding.level is not Level.OK:
        raise ConfigError(f"port {port} on {_HOST} is in use; choose another with --port")
    if data is not None and region is not None:
        raise ConfigError("--data plays a folder and --simulate makes records up: one of them is needed, both came")
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="houfeng-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        programme = chosen(data, speed, region, folder)
        feed = DemoFeed(ring := Ring(), programme.settings, programme.recording)
        server = stack.enter_context(SeedLinkServer(_HOST, 0, ring, organization="Houfeng demonstration"))
        config = folder / "demo.toml"
        config.write_text(programme.written(f"{_HOST}:{server.port}", _HOST, port, _free_port()), encoding="utf-8")
        settings = load(config)
        Store.open(settings.database.url).close()  # made once, before page and daemon both want to
        _introduce(programme, config, server.port, port)
        stack.enter_context(feed)
        companions = stack.enter_context(Companions(config))
        stack.enter_context(_announcing(settings.database.url))
        raise_file_limit()
        daemon = Daemon(settings, load_network(settings), taken_on=companions.take_on)
        signals.hand_to(daemon.stop, None)
        daemon.run()
    click.echo("Stopped.")


def _free_port() -> int:
    """For the daemon's own answers: a daemon that runs here already has the usual one."""
    with socket.socket() as taken:
        taken.bind((_HOST, 0))
        return int(taken.getsockname()[1])


def _introduce(programme: Programme, config: Path, seedlink_port: int, web_port: int) -> None:
    stations = sorted({source_id.station_id for source_id in programme.recording.source_ids})
    click.echo(f"Houfeng demo: {len(stations)} stations ({', '.join(stations)}), {programme.said}.")
    click.echo(f"  SeedLink server {_HOST}:{seedlink_port} -> archive -> detection -> database, in {config.parent}")
    click.echo(f"  Web page        http://{_HOST}:{web_port}/")
    click.echo(f"  Other commands  houfeng events list --config {config}")
    if programme.remark:
        click.echo(f"  {programme.remark}")
    click.echo("Ctrl-C stops everything.")


@contextmanager
def _announcing(database_url: str) -> Iterator[None]:
    """Print each event once, as soon as it is in the database, while the block lasts."""
    stop = threading.Event()
    store = Store.open(database_url)

    def watch() -> None:
        seen: set[str] = set()
        first = True
        while not stop.wait(_WATCH_S):
            with store.read() as snapshot:
                found = queries.events(snapshot, limit=100)
            for event in reversed(found):
                if event.public_id not in seen and not first:
                    when = format_ns(event.first_onset_ns, digits=1)
                    click.echo(f"{when}  event on {summary(event)}")
                seen.add(event.public_id)
            first = False

    thread = threading.Thread(target=watch, name="announce", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        store.close()
