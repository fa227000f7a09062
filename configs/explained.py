"""Every setting that counts, with what it is for and who set it: what the configuration page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from configs.differ import named, written
from configs.settings import Settings

_HEADER = re.compile(r"#?\[+([\w.]+)\]+")
_KEY = re.compile(r"#?(\w+) = ")


@dataclass(frozen=True, slots=True)
class Explained:
    """One key.

    Parameters
    ----------
    key : dotted; members of arrays by their names
    value : as TOML writes it, without secrets
    comment : what configs/default.toml says of it
    source : name of the file that sets it; "" where the default counts
    """

    key: str
    value: str
    comment: str
    source: str


def explained(settings: Settings, given: Mapping[str, str]) -> list[Explained]:
    """All keys, in the order of configs/default.toml.

    Parameters
    ----------
    settings : of a file
    given : which file sets which key, as `configs.load.given` tells
    """
    return list(_explained("", "", settings, given))


@cache
def comments() -> dict[str, str]:
    """What configs/default.toml says of each key, by table and key: `seedlink.silent_s`."""
    found: dict[str, str] = {}
    table, lines = "", list[str]()
    for line in (files("configs") / "default.toml").read_text(encoding="utf-8").splitlines():
        if header := _HEADER.match(line):
            table = f"{header[1]}."
        elif key := _KEY.match(line):
            found[table + key[1]] = " ".join(lines)
        lines = [*lines, line[2:]] if line.startswith("# ") else []
    return found


def _explained(key: str, path: str, room: Any, given: Mapping[str, str]) -> Iterator[Explained]:
    for field in fields(room):
        value = getattr(room, field.name)
        dotted, plain = f"{key}.{field.name}".lstrip("."), f"{path}.{field.name}".lstrip(".")
        if is_dataclass(value):
            yield from _explained(dotted, plain, value, given)
        elif isinstance(value, tuple) and any(is_dataclass(member) for member in value):
            for name, member in named(dotted, value).items():
                yield from _explained(name, plain, member, given)
        elif plain in comments():  # an array without members has nothing to show
            source = Path(given[dotted]).name if dotted in given else ""
            yield Explained(dotted, _shown(dotted, plain, value), comments().get(plain, ""), source)


def _shown(dotted: str, plain: str, value: Any) -> str:
    """Addresses of webhooks and arguments of commands often are secrets themselves."""
    if plain == "recipient.address" and "://" in str(value or ""):
        place = urlsplit(str(value))
        return written(dotted, f"{place.scheme}://{place.hostname}/...")
    if plain == "recipient.command" and len(value) > 1:
        return written(dotted, (value[0], "..."))
    return written(dotted, value)
