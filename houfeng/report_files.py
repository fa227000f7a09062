"""How the files of an assessment are called, and in which folder those are that the web page had made."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal, get_args

RESULTS = "assessment.json"

Kind = Literal["html", "pdf", "json"]


def file_name(language: str, kind: Kind) -> str:
    """Of a report in a language, or of the results, which have none."""
    return RESULTS if kind == "json" else f"report.{language}.{kind}"


def folder_of(root: Path, task_id: str) -> Path:
    """Where a task's report is, below the folder for all of them."""
    return root / task_id.removeprefix("task/")


def kinds_there(root: Path, task_id: str, language: str) -> list[Kind]:
    """Which files of a task's report there are: somebody may have deleted them."""
    folder = folder_of(root, task_id)
    return [kind for kind in get_args(Kind) if (folder / file_name(language, kind)).is_file()]


def delete(root: Path, task_id: str) -> None:
    """Delete a task's report; without its folder there is nothing to do.

    Raises
    ------
    OSError : if it cannot be deleted
    """
    folder = folder_of(root, task_id)
    if folder.exists():
        shutil.rmtree(folder)
