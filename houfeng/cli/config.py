"""`houfeng config check|show|diff`: a configuration looked over before it is used."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import click

from configs import difference, load
from configs.differ import Change, written
from configs.load import given
from configs.remarks import Level
from configs.show import shown
from houfeng.checkup import examine
from houfeng.cli.options import config_argument
from houfeng.cli.printing import format_option, print_rows
from houfeng.errors import ConfigError

_REMARK_COLUMNS = ("level", "key", "text")
_CHANGE_COLUMNS = ("change", "key", "old", "new")
# FILE: KEY: TEXT, where the key may be several (`user, secret`) or be missing.
_FAULT = re.compile(r"(?P<file>.*?): (?:(?P<key>[^\s:]\S*(?:, \S+)*): )?(?P<text>.*)")


@click.group()
def config() -> None:
    """Look a configuration over before it is used."""


@config.command("check", short_help="Find every mistake before it runs.")
@config_argument
@format_option
@click.option("--strict", is_flag=True, help="Fail on warnings as well, with exit status 1.")
def check(config: Path, layout: str, strict: bool) -> None:
    """Tell every error of CONFIG.toml, and what in it has no effect or hardly does what was meant.

    Looks at the settings, the files they name, the disk and the database; no server is asked. The exit status is 2
    when there is an error; warnings and notes leave it 0.
    """
    rows = _found(config)
    print_rows("remarks", rows, _REMARK_COLUMNS, layout)
    counts = Counter(row["level"] for row in rows)
    if layout == "table":
        click.echo(f"{config}: {', '.join(_plural(counts[level], level) for level in Level)}")
    if counts[Level.ERROR]:
        raise SystemExit(2)
    if strict and counts[Level.WARNING]:
        raise SystemExit(1)


@config.command("show", short_help="Print every setting that counts, and who set it.")
@config_argument
def show(config: Path) -> None:
    """Print every setting that counts, as TOML, and which file sets it; other lines are defaults.

    Secrets are shown as references, and the password in a database's URL is hidden.
    """
    click.echo(f"# What counts when Houfeng runs with {config}. A name behind a line: that file sets it.")
    click.echo("\n".join(shown(load(config), given(config))))


@config.command("diff")
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD.toml")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW.toml")
@format_option
def diff(old: Path, new: Path, layout: str) -> None:
    """Show what NEW.toml decides otherwise than OLD.toml.

    Keys that are missing have their defaults. Relative paths differ when the files are in different folders.
    """
    print_rows(
        "differences", [_of_change(change) for change in difference(load(old), load(new))], _CHANGE_COLUMNS, layout
    )


def _found(config: Path) -> list[dict[str, Any]]:
    """Errors of the file, or remarks when there is none; worst first."""
    try:
        settings = load(config)
    except ConfigError as error:
        return [_of_fault(line) for line in str(error).splitlines()]
    found = [
        {"level": str(remark.level), "file": str(config), "key": remark.key, "text": remark.text}
        for remark in examine(settings, config)
    ]
    return sorted(found, key=lambda row: list(Level).index(Level(row["level"])))


def _of_fault(line: str) -> dict[str, Any]:
    parts = _FAULT.fullmatch(line)
    file, key, text = parts.group("file", "key", "text") if parts else ("", "", line)
    return {"level": str(Level.ERROR), "file": file, "key": key or "", "text": text}


def _of_change(change: Change) -> dict[str, Any]:
    is_value = change.kind == "changed"
    old, new = (written(change.key, value) if is_value else None for value in (change.old, change.new))
    return {"change": change.kind, "key": change.key, "old": old, "new": new}


def _plural(n: int, level: Level) -> str:
    return f"{n} {level}{'' if n == 1 else 's'}"
