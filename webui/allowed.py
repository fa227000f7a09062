"""Folders that these pages may look into beside their archive, by what for; links out of them lead nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from flask import current_app

from houfeng.errors import TaskError
from webui.reading import ParameterError
from webui.settings import WebSettings

Key = Literal["replay_path", "projects_path"]

_WHAT = {
    "replay_path": "the folder whose records may be replayed from the page",
    "projects_path": "the folder whose project files a report may be made of from the page",
}
# Projects lie in folders of their own, beside which years of records may be.
_DEPTH, _N_LISTED = 3, 200


def root(key: Key) -> Path | None:
    """The folder of a setting, without links; None where there is none."""
    settings: WebSettings = current_app.config["SETTINGS"]
    path: str = getattr(settings, key)
    return Path(path).resolve() if path else None


def below(key: Key, text: str) -> Path:
    """What a text names there: a folder or a file.

    Raises
    ------
    TaskError : if the setting is empty
    ParameterError : if it is not there, or elsewhere
    """
    top = root(key)
    if top is None:
        raise TaskError(f"web.{key} is empty: it names {_WHAT[key]}")
    try:
        path = (top / text).resolve()
        is_there = path.is_relative_to(top) and path.exists()
    except OSError:  # of a name that is too long
        is_there = False
    if not is_there:
        raise ParameterError(f"about: a folder or file below web.{key} is needed, {text!r} came")
    return path


def holds(path: Path) -> bool:
    """Whether records of a folder may be shown: it lies where replays may be begun from the page."""
    top = root("replay_path")
    return top is not None and path.resolve().is_relative_to(top)


def projects() -> list[str]:
    """Project files that may be chosen, as `below` takes them: those not deeper than a few folders."""
    top = root("projects_path")
    return [] if top is None else sorted(_listed(top))[:_N_LISTED]


def _listed(top: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(top):
        inside = Path(folder).relative_to(top)
        if len(inside.parts) == _DEPTH:
            folders.clear()
        for name in files:
            path = inside / name
            # a name that is no text can be neither shown nor sent
            if path.suffix == ".toml" and str(path).isprintable() and (top / path).resolve().is_relative_to(top):
                yield str(path)
