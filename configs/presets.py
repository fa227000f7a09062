"""Presets: values of many keys under one name; what a configuration says itself counts before them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from houfeng.errors import ConfigError

FOLDER = Path(__file__).parent / "presets"


def names() -> tuple[str, ...]:
    """Of all presets."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def preset_bands() -> tuple[tuple[tuple[float, float], ...], ...]:
    """The pass bands of each preset, Hz."""
    tables = [tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in names()]
    return tuple(tuple((low, high) for low, high in table["detection"]["bands"]) for table in tables)


def preset_file(table: Mapping[str, Any]) -> Path | None:
    """The file with the preset that a configuration asks for; None if it asks for none.

    Raises
    ------
    ConfigError : if there is no such preset
    """
    name = table.get("preset")
    if name is None:
        return None
    if name not in names():
        raise ConfigError(f"preset: one of {', '.join(map(repr, names()))} is needed, {name!r} came")
    return FOLDER / f"{name}.toml"


def with_preset(table: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration's table with what its preset says of the keys that it leaves out.

    Raises
    ------
    ConfigError : if there is no such preset
    """
    file = preset_file(table)
    merged = dict(table)
    for room, values in (tomllib.loads(file.read_text(encoding="utf-8")) if file else {}).items():
        own = merged.get(room, {})
        if isinstance(own, dict):  # else it is refused by its name
            merged[room] = {**values, **own}
    return merged
