"""What is said of a setting that is allowed and yet not what somebody wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How much it matters."""

    ERROR = "error"  # it cannot work
    WARNING = "warning"  # it hardly does what was meant
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark on a configuration.

    Parameters
    ----------
    level : how much it matters
    key : dotted, members by name: `seedlink[geofon].silent_s`
    text : what is the case, and what comes of it
    """

    level: Level
    key: str
    text: str


def changed_keys(room: Any) -> Iterator[str]:
    """Keys of a settings object that differ from their defaults: what a person meant to set."""
    for field in fields(room):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if getattr(room, field.name) != default:
            yield field.name
