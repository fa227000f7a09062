"""`houfeng serve`: one service alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from configs import load
from houfeng.cli.options import config_argument
from webui.serve import run


@click.group()
def serve() -> None:
    """Serve the web page alone."""


@serve.command("web")
@config_argument
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here instead of the configured port.")
@click.option("--host", help="Listen on this address instead of the configured one.")
def serve_web(config: Path, port: int | None, host: str | None) -> None:
    """Serve the web page of a configuration's database, without acquisition.

    `houfeng run` does this too, in a process of its own. The page reads the database only, so it may run on another
    computer when that is PostgreSQL.
    """
    settings = load(config)
    page = settings.web
    if port is not None:
        page = replace(page, port=port)
    if host is not None:
        page = replace(page, host=host)
    run(page, settings.database.url)
