"""`houfeng run`: the daemon, and the web page beside it."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import click

from acquisition.daemon import Daemon
from configs import Settings, load
from houfeng.cli.companion import companion
from houfeng.cli.limits import raise_file_limit
from houfeng.cli.options import config_argument
from houfeng.network import load_network

_log = logging.getLogger(__name__)

_PAGE_STOP_S = 10.0


@click.command()
@config_argument
def run(config: Path) -> None:
    """Run the daemon: receive, archive, detect and watch, until it is stopped.

    Connects to the SeedLink servers of CONFIG.toml, serves the web page that [web] describes and the SeedLink clients
    that [seedlink_server] lets in. Ctrl-C or SIGTERM stop it; nothing that was received is lost, and the next start
    goes on where this one ended.
    """
    settings = load(config)
    with web_page(settings, config), seedlink_server(settings, config):
        run_daemon(settings)


def run_daemon(settings: Settings) -> None:
    """Run the daemon in this process until SIGINT or SIGTERM."""
    raise_file_limit()
    daemon = Daemon(settings, load_network(settings))

    def stop(signum: int, frame: FrameType | None) -> None:
        daemon.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    daemon.run()


@contextmanager
def web_page(settings: Settings, config: Path) -> Iterator[None]:
    """The web page in a process of its own while the block lasts; the daemon goes on without it if it fails."""
    if not settings.web.enabled:
        yield
        return
    # A process group of its own: Ctrl-C at the terminal reaches only us, and we stop the page when the daemon ended.
    page = subprocess.Popen([sys.executable, "-m", "houfeng", "serve", "web", str(config)], start_new_session=True)
    try:
        yield
    finally:
        page.terminate()
        try:
            page.wait(_PAGE_STOP_S)
        except subprocess.TimeoutExpired:
            _log.warning("the web page did not stop in %g s and was killed", _PAGE_STOP_S)
            page.kill()
            page.wait()


def seedlink_server(settings: Settings, config: Path) -> AbstractContextManager[None]:
    """The SeedLink server in a process of its own while the block lasts: its clients cannot hold the archive up."""
    if not settings.seedlink_server.enabled:
        return nullcontext()
    return companion("the SeedLink server", "serve", "seedlink", str(config), "--until-eof")
