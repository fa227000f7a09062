"""Options that several sub-commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from configs import Settings, load
from houfeng.times import parse_ns

DEFAULT_CONFIG = Path("houfeng.toml")


class Time(click.ParamType["int"]):
    """A UTC time on the command line, as ns UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_ns(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


config_argument = click.argument("config", type=click.Path(path_type=Path), metavar="CONFIG.toml")

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Configuration.  [default: {DEFAULT_CONFIG} in this folder, or the defaults]",
)


def settings_of(config: Path | None) -> Settings:
    """The settings of a configuration file; without one, of `houfeng.toml` in this folder, or the defaults.

    Raises
    ------
    ConfigError : if there is no such file, or something in it is wrong
    """
    if config is not None:
        return load(config)
    return load(DEFAULT_CONFIG) if DEFAULT_CONFIG.exists() else Settings().resolved(Path.cwd())
