"""`houfeng demo`: the whole house on real records, in a minute."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from acquisition.daemon import Daemon
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import queries
from database.store import Store
from houfeng.cli.companion import Companions
from houfeng.cli.limits import raise_file_limit
from houfeng.cli.signals import Signals
from houfeng.demo import DEMO_CRUST, DemoFeed, DemoSettings, demo_sites
from houfeng.errors import ConfigError
from houfeng.installation import Level, check_port
from houfeng.network import load_network
from houfeng.shapes import summary
from houfeng.times import format_ns

_HOST = "127.0.0.1"
_WATCH_S = 1.0

# In the languages of the page, by the keys of [web].
_BUILTIN_NOTICE = {
    "notice": "Demonstration: records of 27 May 2010 from Unterhaching, Germany, played as if they happened now. "
    "Station UH4 loses records on purpose.",
    "notice_zh": "演示：2010 年 5 月 27 日德国 Unterhaching 的真实记录，以当前时间回放。台站 UH4 故意丢失部分记录。",
    "notice_ru": "Демонстрация: записи 27 мая 2010 г. из Унтерхахинга (Германия) идут так, будто всё происходит "
    "сейчас. Станция UH4 теряет записи намеренно.",
}
_FOLDER_NOTICE = {
    "notice": "Demonstration: archived records from {folder}, played as if they happened now.",
    "notice_zh": "演示：{folder} 中的存档记录，以当前时间回放。",
    "notice_ru": "Демонстрация: записи из архива {folder} идут так, будто всё происходит сейчас.",
}


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR", help="Play this folder of miniSEED + StationXML."
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
def demo(signals: Signals, data: Path | None, speed: float, port: int, folder: Path | None) -> None:
    """Show the whole house at work on real records.

    A SeedLink server on this computer plays four stations and three small earthquakes of 2010 as if they happened
    now; Houfeng receives, archives and detects them and shows stations and events on a web page. The first earthquake
    comes after half a minute. Ctrl-C stops everything.
    """
    finding = check_port(_HOST, port)
    if finding.level is not Level.OK:
        raise ConfigError(f"port {port} on {_HOST} is in use; choose another with --port")
    feed = DemoFeed(ring := Ring(), DemoSettings(data=str(data or ""), speed=speed))
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="houfeng-demo-")))
        server = stack.enter_context(SeedLinkServer(_HOST, 0, ring, organization="Houfeng demonstration"))
        config = _write_config(folder, feed, server.port, port)
        settings = load(config)
        Store.open(settings.database.url).close()  # made once, before page and daemon both want to
        _introduce(feed, config, server.port, port)
        stack.enter_context(feed)
        companions = stack.enter_context(Companions(config))
        stack.enter_context(_announcing(settings.database.url))
        raise_file_limit()
        daemon = Daemon(settings, load_network(settings), taken_on=companions.take_on)
        signals.hand_to(daemon.stop, None)
        daemon.run()
    click.echo("Stopped.")


def _write_config(folder: Path, feed: DemoFeed, seedlink_port: int, web_port: int) -> Path:
    """A configuration like any other, so that every command works on the demo's data too."""
    recording = feed.recording
    folder_name = feed.settings.data
    words = _FOLDER_NOTICE if folder_name else _BUILTIN_NOTICE
    notice = {key: text.replace("{folder}", folder_name) for key, text in words.items()}
    tables: dict[str, dict[str, object]] = {
        "[[seedlink]]": {
            "name": "demo",
            "address": f"{_HOST}:{seedlink_port}",
            "streams": [str(source_id) for source_id in recording.source_ids],
        },
        "[inventory]": {"files": [str(path.resolve()) for path in recording.inventory_files]},
        # Records come every second here: a station that is late for 10 s has a fault worth a look.
        "[health]": {
            "total_latency_warn_s": 10.0,
            "total_latency_bad_s": 30.0,
            "feed_latency_warn_s": 10.0,
            "feed_latency_bad_s": 30.0,
            "availability_min_watch_s": 60.0,
        },
        "[daemon]": {"report_interval_s": 2.0},
        "[web]": {"host": _HOST, "port": web_port, **notice},
    }
    lines = ["# Written by `houfeng demo`.", *_toml(tables)]
    if not feed.settings.data:
        lines += _toml({"[location]": DEMO_CRUST})
        for site in demo_sites():
            lines += _toml({"[[station]]": {key: value for key, value in asdict(site).items() if value is not None}})
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "demo.toml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return config


def _toml(tables: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for name, keys in tables.items():
        yield f"\n{name}"
        # strings, numbers and lists of them are written alike in JSON and TOML
        yield from (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items())


def _introduce(feed: DemoFeed, config: Path, seedlink_port: int, web_port: int) -> None:
    stations = sorted({source_id.station_id for source_id in feed.recording.source_ids})
    click.echo(
        f"Houfeng demo: {len(stations)} stations ({', '.join(stations)}), real records played as if they happened now."
    )
    click.echo(f"  SeedLink server {_HOST}:{seedlink_port} -> archive -> detection -> database, in {config.parent}")
    click.echo(f"  Web page        http://{_HOST}:{web_port}/")
    click.echo(f"  Other commands  houfeng events list --config {config}")
    if not feed.settings.data:
        click.echo("  The first earthquake comes in about 30 s; UH4 loses records on purpose.")
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
