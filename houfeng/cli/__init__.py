"""The command `houfeng`: one module a sub-command, loaded when it is called."""

from __future__ import annotations

import logging
import sys
from importlib import import_module

import click

from houfeng import __version__
from houfeng.cli.signals import Signals
from houfeng.errors import HoufengError

# Sub-command -> where it is, and its summary: importing all of them for `--help` would take seconds.
_COMMANDS = {
    "demo": ("houfeng.cli.demo:demo", "Show the whole house at work on real records."),
    "run": ("houfeng.cli.run:run", "Run the daemon: receive, archive, detect and watch."),
    "status": ("houfeng.cli.status:status", "Show what the running daemon is doing."),
    "serve": ("houfeng.cli.serve:serve", "Serve the web page or SeedLink clients alone."),
    "fetch": ("houfeng.cli.fetch:fetch", "Download records and StationXML from a data centre."),
    "replay": ("houfeng.cli.replay:replay", "Detect on archived records, as fast as this computer can."),
    "simulate": ("houfeng.cli.simulate:simulate", "Make records of a synthetic network whose earthquakes are known."),
    "tune": ("houfeng.cli.tune:tune", "Find the bands and thresholds that detect a catalogue's events best."),
    "assess": ("houfeng.cli.assess:assess_group", "Assess what ground motion does: measures, spectra, intensities."),
    "stations": ("houfeng.cli.stations:stations", "List, check and change stations, and show their health."),
    "alerts": ("houfeng.cli.alerts:alerts_group", "List and handle alerts, and see who was told."),
    "events": ("houfeng.cli.events:events", "List detected events, and show one."),
    "picks": ("houfeng.cli.listing:picks", "List phase onsets on single channels."),
    "noise": ("houfeng.cli.noise:noise", "Show how noisy the sites of recorded channels are."),
    "availability": ("houfeng.cli.availability:availability", "Show how much of the time asked for the archive has."),
    "metrics": ("houfeng.cli.metrics:metrics", "Show what was measured on channels by minute, hour and day."),
    "runs": ("houfeng.cli.runs:runs", "List, show and compare live runs and replays."),
    "archive": ("houfeng.cli.archive:archive", "Check, mend, fill and count the archive; list its gaps."),
    "config": ("houfeng.cli.config:config", "Check, show and compare configurations."),
    "users": ("houfeng.cli.users:users", "Say who may act on the web page: accounts, roles and API tokens."),
    "doctor": ("houfeng.cli.doctor:doctor", "Check this installation and say how to mend each fault."),
}

# These hear signals while they are still being imported.
_LASTING = ("demo", "run")


class _Commands(click.Group):
    """Sub-commands in the order of a newcomer's day, each imported only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        if name in _LASTING:
            ctx.obj = signals = Signals()
            ctx.call_on_close(signals.restore)
        module, _, attribute = _COMMANDS[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HoufengError as error:
            for line in str(error).splitlines():
                click.echo(f"houfeng: {line}", err=True)
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="houfeng")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is going on.")
def main(verbose: bool) -> None:
    """Houfeng: a seismic network system.

    Receives miniSEED from SeedLink servers, archives it, detects earthquakes, watches the health of stations and
    shows both on a web page.

    \b
    Start here:
      houfeng demo               four real stations, three real earthquakes, in a minute
      houfeng doctor             is this installation sound?
      houfeng run CONFIG.toml    your own network
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.getLogger("houfeng").setLevel(logging.INFO)
    logging.getLogger("acquisition").setLevel(logging.INFO)
    # Its line per finished job, every 5 s, says nothing to an operator.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # Nor does it that a job is still running when it would begin again: it begins after that.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
