"""Remarks on a configuration that is allowed: couplings between settings, as far as the settings alone tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from configs.remarks import serving, sources, watching
from configs.remarks.remark import Level, Remark
from configs.settings import Settings

__all__ = ["CHECKS", "Level", "Remark", "remarks"]

# In the order of configs/default.toml.
CHECKS: tuple[Callable[[Settings], Iterator[Remark]], ...] = (
    sources.seedlink,
    sources.together,
    sources.fdsn,
    serving.idle,
    serving.ports,
    serving.exposed,
    serving.access,
    sources.stations,
    watching.detection,
    watching.association,
    watching.health,
)


def remarks(settings: Settings) -> list[Remark]:
    """Every remark that can be made without looking at files, the disk or the database."""
    return [remark for check in CHECKS for remark in check(settings)]
