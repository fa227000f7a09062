"""`houfeng doctor`: is this installation sound, and how to mend what is not."""

from __future__ import annotations

import importlib.metadata
import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import make_url

from configs import Settings, load
from database.engine import SQLITE_NEEDED
from houfeng import installation
from houfeng.cli.options import DEFAULT_CONFIG
from houfeng.installation import Finding, Level

_MARKS = {Level.OK: ("ok", "green"), Level.WARNING: ("warning", "yellow"), Level.FAULT: ("FAULT", "red")}


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding about this computer, this Python and the folders and port that the settings name."""
    yield installation.check_python(sys.version_info[:3])
    yield installation.check_sqlite(sqlite.sqlite_version_info, SQLITE_NEEDED)
    yield installation.check_packages()
    yield installation.check_dependencies(importlib.metadata.requires("houfeng") or ())
    archive = Path(settings.archive.path)
    yield installation.check_folder("archive", archive)
    yield installation.check_space(archive, installation.free_bytes(archive))
    url = make_url(settings.database.url)
    if url.drivername == "sqlite":
        yield installation.check_folder("database", Path(str(url.database)).parent)
    yield installation.check_folder("temporary", Path(tempfile.gettempdir()))
    yield installation.check_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield installation.check_clock(installation.clock_synchronised())
    if settings.web.enabled:
        yield installation.check_port(settings.web.host, settings.web.port)
    yield installation.check_encoding(sys.stdout.encoding)


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Configuration whose folders and port are looked at.  [default: {DEFAULT_CONFIG} in this folder, if any]",
)
@click.option(
    "--format", "layout", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)
def doctor(config: Path | None, layout: str) -> None:
    """Check this installation and say how to mend each fault.

    Looks at Python, SQLite, the installed packages, folders, disk, limits, clock, port and locale. The exit status is
    1 when there is a fault; warnings leave it 0.
    """
    given = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    findings = list(examine(load(given) if given else Settings().resolved(Path.cwd())))
    if layout == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings)
    if installation.worst(findings) is Level.FAULT:
        raise SystemExit(1)


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        click.echo(f"{click.style(f'{mark:8}', fg=colour)} {finding.check:{width}}  {finding.found}")
        if finding.mend:
            click.echo(f"{'':{width + 9}}  -> {finding.mend}")
    faults = sum(finding.level is Level.FAULT for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    if not faults and not warnings:
        click.echo("All is well.")
    else:
        click.echo(f"{faults} fault{'' if faults == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}")
