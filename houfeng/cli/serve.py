"""`houfeng serve`: one service alone."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click
from flask import Flask

from acquisition.server import SeedLinkServer
from acquisition.server.access import Access
from acquisition.server.tail import ArchiveTail
from acquisition.server.tls import Certificate
from acquisition.settings import SeedLinkServerSettings
from configs import Settings, load
from configs.handover import unpacked
from database.store import Store
from houfeng.cli.around import around
from houfeng.cli.limits import raise_file_limit, share_interpreter
from houfeng.cli.logs import write_as
from houfeng.cli.options import config_argument
from houfeng.cli.session_key import session_key
from webui.app import create_app
from webui.serve import run

_log = logging.getLogger("houfeng.serve")


of_daemon_option = click.option(
    "--of-daemon",
    is_flag=True,
    hidden=True,
    help="Take the settings from the first line of standard input instead of CONFIG.toml; end when it does.",
)


@click.group()
def serve() -> None:
    """Serve the web page or SeedLink clients alone."""


@serve.command("web", short_help="Serve the web page alone.")
@config_argument
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here instead of the configured port.")
@click.option("--host", help="Listen on this address instead of the configured one.")
@of_daemon_option
def serve_web(config: Path, port: int | None, host: str | None, of_daemon: bool) -> None:
    """Serve the web page of a configuration's database, without acquisition.

    `houfeng run` does this too, in a process of its own. The page only reads, so it may run on another computer
    when the database is PostgreSQL; waveforms are shown where the archive's folder is there too.
    """
    settings = _settings(config, of_daemon=of_daemon)
    write_as(settings.daemon.log_format)
    page = settings.web
    if port is not None:
        page = replace(page, port=port)
    if host is not None:
        page = replace(page, host=host)
    if of_daemon:
        _at_eof(lambda: os.kill(os.getpid(), signal.SIGTERM))
    archive = Path(settings.archive.path)
    key, asked = session_key(page.session_key_file, archive), around(config, settings)

    def make() -> Flask:
        store = Store.open(settings.database.url)
        return create_app(page, store, archive, key=key, around=asked, health=settings.health)

    run(page, make)


@serve.command("seedlink", short_help="Serve the archive to SeedLink clients alone.")
@config_argument
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here instead of the configured port.")
@click.option("--host", help="Listen on this address instead of the configured one.")
@of_daemon_option
def serve_seedlink(config: Path, port: int | None, host: str | None, of_daemon: bool) -> None:
    """Serve a configuration's archive to SeedLink clients (versions 3.1 and 4.0), without acquisition.

    `houfeng run` does this too, in a process of its own, when [seedlink_server] is enabled: only then are archived
    records numbered, and only numbered records are served. The archive is read, never written, so any number of
    servers may run beside the daemon.
    """
    settings = _settings(config, of_daemon=of_daemon)
    write_as(settings.daemon.log_format)
    served = settings.seedlink_server
    if port is not None:
        served = replace(served, port=port)
    if host is not None:
        served = replace(served, host=host)
    raise_file_limit()
    share_interpreter()
    stop = threading.Event()
    _stop_on_signals(stop)
    if of_daemon:
        _at_eof(stop.set)
    with ExitStack() as stack:
        tail = stack.enter_context(ArchiveTail(Path(settings.archive.path)))
        server = stack.enter_context(open_server(served, tail))
        also = f" and {server.tls_port} (TLS)" if server.tls_port else ""
        _log.info("SeedLink at %s:%d%s", served.host, server.port, also)
        stop.wait()


def _settings(config: Path, *, of_daemon: bool) -> Settings:
    return unpacked(sys.stdin.buffer.readline()) if of_daemon else load(config)


def open_server(served: SeedLinkServerSettings, tail: ArchiveTail) -> SeedLinkServer:
    """The server that settings describe, listening.

    Raises
    ------
    SourceError : if an address cannot be listened on, or the certificate cannot be used
    """
    certificate = Certificate(Path(served.tls_certificate), Path(served.tls_key)) if served.tls_certificate else None
    return SeedLinkServer(
        served.host,
        served.port,
        tail,
        organization=served.organization,
        access=Access((rule.stations, rule.addresses) for rule in served.access),
        max_clients=served.max_clients,
        certificate=certificate,
        tls_port=served.tls_port,
    )


def _stop_on_signals(stop: threading.Event) -> None:
    def on_signal(signum: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)


def _at_eof(end: Callable[[], None]) -> None:
    """Call `end` when standard input ends: who started us has ended, however that came about."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            continue
        end()

    threading.Thread(target=wait, name="until-eof", daemon=True).start()
