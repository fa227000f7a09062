"""`houfeng run`: the daemon, and the web page beside it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from acquisition.daemon import Daemon
from configs import Settings, load
from database.store import Store
from houfeng.cli.companion import companion
from houfeng.cli.limits import raise_file_limit
from houfeng.cli.options import config_argument
from houfeng.cli.signals import Signals
from houfeng.network import Network, load_network


@click.command()
@config_argument
@click.pass_obj
def run(signals: Signals, config: Path) -> None:
    """Run the daemon: receive, archive, detect and watch, until it is stopped.

    Connects to the SeedLink servers of CONFIG.toml, serves the web page that [web] describes and the SeedLink clients
    that [seedlink_server] lets in. Ctrl-C or SIGTERM stop it; nothing that was received is lost, and the next start
    goes on where this one ended. SIGHUP makes it read CONFIG.toml again.
    """
    settings = load(config)
    Store.open(settings.database.url).close()  # made once, before page and daemon both want to
    raise_file_limit()

    def reread() -> tuple[Settings, Network]:
        settings = load(config)
        return settings, load_network(settings)

    daemon = Daemon(settings, load_network(settings), reread)
    with web_page(settings, config), seedlink_server(settings, config):
        signals.hand_to(daemon.stop, daemon.reload)
        daemon.run()


def web_page(settings: Settings, config: Path) -> AbstractContextManager[None]:
    """The web page in a process of its own while the block lasts; the daemon goes on without it if it fails."""
    if not settings.web.enabled:
        return nullcontext()
    return companion("the web page", "serve", "web", str(config), "--until-eof")


def seedlink_server(settings: Settings, config: Path) -> AbstractContextManager[None]:
    """The SeedLink server in a process of its own while the block lasts: its clients cannot hold the archive up."""
    if not settings.seedlink_server.enabled:
        return nullcontext()
    return companion("the SeedLink server", "serve", "seedlink", str(config), "--until-eof")
