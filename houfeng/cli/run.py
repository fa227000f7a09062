"""`houfeng run`: the daemon, and the web page beside it."""

from __future__ import annotations

import faulthandler
import sys
from pathlib import Path

import click

from acquisition.daemon import Daemon
from configs import Settings, load
from houfeng.cli.companion import Companions
from houfeng.cli.limits import raise_file_limit, share_interpreter
from houfeng.cli.logs import write_as
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
    write_as(settings.daemon.log_format)
    if sys.__stderr__ is not None:  # systemd's watchdog ends us with SIGABRT: the log then has what each thread did
        faulthandler.enable(sys.__stderr__)
    raise_file_limit()
    share_interpreter()

    def reread() -> tuple[Settings, Network]:
        settings = load(config)
        return settings, load_network(settings)

    with Companions(config) as companions:

        def take_on(settings: Settings) -> None:
            write_as(settings.daemon.log_format)
            companions.take_on(settings)

        daemon = Daemon(settings, load_network(settings), reread, take_on)
        signals.hand_to(daemon.stop, daemon.reload)
        daemon.run()
