"""Settings that one process hands to another, which must not read the file again: it may have been changed since."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from configs.convert import build
from configs.settings import Settings
from houfeng.errors import ConfigError


def packed(settings: Settings) -> bytes:
    """One line; it has the passwords in it and is for a pipe, not for a file."""
    return json.dumps(_without_none(asdict(settings)), allow_nan=False).encode("ascii") + b"\n"


def unpacked(line: bytes) -> Settings:
    """The settings that were packed, checked as those of a file are.

    Raises
    ------
    ConfigError : if the line broke off, or another release packed it that has other keys
    """
    try:
        table = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"settings were expected on standard input, {len(line)} bytes came that are none") from error
    return build(Settings, table)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list | tuple) else value
