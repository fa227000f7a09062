"""The settings that count, as TOML: what the file says and the defaults of what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from configs.differ import named, written
from configs.settings import Settings

_MARK_COLUMN = 60


def shown(settings: Settings, given: Mapping[str, str]) -> Iterator[str]:
    """Lines of TOML that load to the same settings; keys that a file sets are marked with its name.

    Passwords in a database's URL are hidden; other secrets are references by nature. Keys that are unset are left out,
    and so are `preset` and `include`: what they brought is there.

    Parameters
    ----------
    settings : of a file
    given : which file sets which key, as `configs.load.given` tells
    """
    for room in fields(settings):
        value = getattr(settings, room.name)
        if is_dataclass(value):
            yield from _table(room.name, room.name, value, given, f"[{room.name}]")
        elif room.name not in ("preset", "include"):
            for key, member in named(room.name, value).items():
                yield from _table(key, room.name, member, given, f"[[{room.name}]]")


def _table(key: str, path: str, room: Any, given: Mapping[str, str], header: str) -> Iterator[str]:
    yield ""
    yield header
    inner: list[tuple[str, str, Any]] = []
    for field in fields(room):
        value, dotted = getattr(room, field.name), f"{key}.{field.name}"
        if isinstance(value, tuple) and any(is_dataclass(member) for member in value):
            inner += [(name, f"{path}.{field.name}", member) for name, member in named(dotted, value).items()]
        elif value is not None:
            line = f"{field.name} = {written(dotted, value)}"
            yield f"{line:{_MARK_COLUMN}}  # {Path(given[dotted]).name}" if dotted in given else line
    for name, below, member in inner:
        yield from _table(name, below, member, given, f"[[{below}]]")
