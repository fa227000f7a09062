"""Strong-motion records as agencies publish them: text in, components out."""

from __future__ import annotations

from collections.abc import Callable

from engineering.formats import csmip, csmip_raw, esm, geonet
from engineering.formats.lines import File
from engineering.motion import Component
from houfeng.errors import MotionError

_FORMATS: tuple[tuple[str, Callable[[File], bool], Callable[[File], list[Component]]], ...] = tuple(
    (one.TITLE, one.is_format, one.read) for one in (esm, geonet, csmip)
)


def read(file: File) -> list[Component]:
    """Components of a file, in its order.

    Raises
    ------
    MotionError : if it is none of the formats, or not what its header claims; the message names file and line
    """
    for _, is_format, read_format in _FORMATS:
        if is_format(file):
            return read_format(file)
    if csmip_raw.is_format(file):
        why = "a project's [[record]] takes it, whose event tells where noise ends"
        raise MotionError(f"{file.name}: is {csmip_raw.TITLE}, not corrected: {why}")
    known = ", ".join(title for title, *_ in _FORMATS)
    raise MotionError(f"{file.name}: is none of {known}; it begins {file.lines[0][:40]!r}")
