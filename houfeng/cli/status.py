"""`houfeng status`: what the running daemon is doing, now and from second to second."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import click
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from configs import Settings
from houfeng.cli.options import settings_of
from houfeng.cli.printing import PIPE_WIDTH, format_option, print_rows
from houfeng.errors import StatusError

_REFRESH_S = 1.0
_ANSWER_S = 5.0
_COLOURS = {"streaming": "green", "connecting": "yellow", "waiting": "red", "closed": "dim"}
# Narrower than this, a table leaves out what is least needed.
_NARROW = 100
_MIB = 1 << 20
_COLUMNS = ("name", "phase", "packets_per_s", "last_packet_age_s", "latency_s", "n_gaps_1h", "silent", "reason")


@click.command()
@click.argument("config", type=click.Path(path_type=Path), metavar="[CONFIG.toml]", required=False)
@format_option
@click.option("--once", is_flag=True, help="Print it once; so it is in a pipe, and with json and csv.")
@click.pass_context
def status(ctx: click.Context, config: Path | None, layout: str, once: bool) -> None:
    """Show what the running daemon is doing: servers, archive, database, detection.

    The daemon is found where [daemon] of CONFIG.toml (default: houfeng.toml in this folder) says that it answers.
    """
    settings = settings_of(config)
    try:
        if layout != "table":
            _print(fetch(settings), layout)
        elif once or not sys.stdout.isatty():
            console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
            console.print(page(fetch(settings), console.width))
        else:
            _follow(settings)
    except StatusError as error:
        click.echo(f"houfeng: {error}", err=True)
        ctx.exit(1)
    except KeyError as error:
        text = f"houfeng: the running daemon is of another release than this command: it does not tell {error}"
        click.echo(text, err=True)
        ctx.exit(1)


def fetch(settings: Settings) -> dict[str, Any]:
    """What /status of the daemon says.

    Raises
    ------
    StatusError : if nobody answers there, or something else than this configuration's daemon does
    """
    daemon = settings.daemon
    if not daemon.probe:
        raise StatusError("daemon.probe = false: the daemon tells nobody how it is doing")
    host = f"[{daemon.probe_host}]" if ":" in daemon.probe_host else daemon.probe_host
    address = f"{host}:{daemon.probe_port}"
    try:
        with urlopen(f"http://{address}/status", timeout=_ANSWER_S) as response:
            answer = json.load(response)
    except (OSError, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        raise StatusError(f"no daemon answers at {address} (daemon.probe_host, daemon.probe_port): {cause}") from error
    if not isinstance(answer, dict) or "session" not in answer:
        raise StatusError(f"what answers at {address} (daemon.probe_port) is no Houfeng daemon")
    session = answer["session"]
    if session is not None and _is_here(daemon.probe_host):
        mine, its = Path(settings.archive.path).resolve(), Path(session["archive"]["path"]).resolve()
        if mine != its:
            raise StatusError(
                f"what answers at {address} is the daemon of another archive, {its}, not of {mine}; "
                "where two run on one computer each needs its own daemon.probe_port"
            )
    return answer


def _is_here(host: str) -> bool:
    """Whether it is this computer, where a folder has the same name for both."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def page(answer: dict[str, Any], width: int) -> RenderableType:
    """Everything on one screen.

    Parameters
    ----------
    answer : of /status
    width : of the terminal, columns
    """
    session = answer["session"]
    parts: list[RenderableType] = [_head(answer)]
    if session is not None:
        if session["servers"]:
            parts.append(_servers(session["servers"], narrow=width < _NARROW))
        else:
            parts.append(Text("No [[seedlink]] server is configured."))
        parts += _facts(session)
    return Group(*parts)


def _follow(settings: Settings) -> None:
    console = Console()
    with Live(page(fetch(settings), console.width), console=console, auto_refresh=False, screen=False) as live:
        try:
            while True:
                time.sleep(_REFRESH_S)
                try:
                    live.update(page(fetch(settings), console.width), refresh=True)
                except StatusError as error:
                    live.update(Text(str(error), style="red"), refresh=True)
        except KeyboardInterrupt:
            return


def _print(answer: dict[str, Any], layout: str) -> None:
    if layout == "json":
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    servers = answer["session"]["servers"] if answer["session"] else []
    print_rows("servers", [{**row, "silent": " ".join(row["silent"])} for row in servers], _COLUMNS, layout)


def _head(answer: dict[str, Any]) -> Text:
    doing = answer["doing"] or "recording"
    text = Text(f"Houfeng {answer['version']}  ")
    text.append(doing, style="green" if doing == "recording" else "yellow")
    text.append(f" for {_span(answer['uptime_s'])}, process {answer['pid']}")
    for stuck in answer["stuck"]:
        text.append(f"\nstuck: {stuck}", style="bold red")
    return text


def _servers(servers: list[dict[str, Any]], *, narrow: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("server", overflow="fold")
    table.add_column("state", overflow="fold", ratio=1)
    for heading in ("pkt/s", "packet", "sample", "gaps/h"):
        table.add_column(heading, justify="right", no_wrap=True)
    if not narrow:
        table.add_column("silent", overflow="fold")
    for server in servers:
        state = Text(_phase(server), style=_COLOURS.get(server["phase"], ""))
        if server["reason"]:
            state.append(f": {server['reason']}", style="default")
        silent = server["silent"]
        cells: list[RenderableType] = [
            Text(server["name"]),
            state,
            f"{server['packets_per_s']:.1f}",
            _age(server["last_packet_age_s"]),
            _age(server["latency_s"]),
            str(server["n_gaps_1h"]),
        ]
        if narrow and silent:
            state.append(f", {len(silent)} silent", style="yellow")
        if not narrow:
            cells.append(Text(_few(silent), style="yellow" if silent else "dim"))
        table.add_row(*cells)
    return table


def _facts(session: dict[str, Any]) -> Iterator[Text]:
    archive, store, detection = session["archive"], session["store"], session["detection"]
    free = archive["free_bytes"]
    records = ", ".join(f"{n} {kind}" for kind, n in archive["n_records"].items() if n or kind == "written")
    yield Text.assemble(
        ("archive    ", "dim"),
        f"{'?' if free is None else f'{free / _MIB / 1024:.1f} GiB'} free; records: {records}",
        f", {archive['n_quarantined']} pieces set aside" if archive["n_quarantined"] else "",
    )
    yield Text.assemble(
        ("queues     ", "dim"),
        f"{archive['queue_bytes'] / _MIB:.1f} MiB for the archive, "
        f"{archive['detection_queue_bytes'] / _MIB:.1f} MiB for detection, of {archive['queue_limit_bytes'] // _MIB}",
    )
    up = ("up", "green") if store["up"] else ("DOWN", "bold red")
    fault = f": {store['fault']}" if store["fault"] else ""
    yield Text.assemble(
        ("database   ", "dim"), up, f" since {store['since']}{fault}; {store['n_unsaved_picks']} picks wait for it"
    )
    yield Text.assemble(
        ("detection  ", "dim"),
        f"{detection['n_picks']} picks, {detection['n_events']} events; lag {_age(detection['lag_s'])}; ",
        f"{detection['n_unreadable']} records unreadable; " if detection["n_unreadable"] else "",
        f"{detection['n_passed_over']} came too fast and were left to the archive; "
        if detection["n_passed_over"]
        else "",
        f"{sum(detection['vetoed'].values())} triggers refused ({_reasons(detection['vetoed'])}); "
        if detection["vetoed"]
        else "",
        detection["run_id"],
    )
    for name, job in session["jobs"].items():
        if job["error"]:
            yield Text.assemble((f"{name:11}", "dim"), (f"failed: {job['error']}", "red"))


def _reasons(vetoed: dict[str, int]) -> str:
    return ", ".join(f"{n} {reason}" for reason, n in sorted(vetoed.items()))


def _phase(server: dict[str, Any]) -> str:
    return "refused" if server["refused"] else str(server["phase"])


def _few(streams: list[str]) -> str:
    return "—" if not streams else " ".join(streams[:3]) + (f" +{len(streams) - 3}" if len(streams) > 3 else "")


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    return f"{seconds:.1f} s" if seconds < 60 else _span(seconds)


def _span(seconds: float) -> str:
    for unit, length_s in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"
