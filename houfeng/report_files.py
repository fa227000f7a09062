"""How the files of an assessment are called, and in which folder those are that the web page had made."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

RESULTS = "assessment.json"

Kind = Literal["html", "pdf", "json"]


def file_name(language: str, kind: Kind) -> str:
    """Of a report in a language, or of the results, which have none."""
    return RESULTS if kind == "json" else f"report.{language}.{kind}"


def folder_of(root: Path, task_id: str) -> Path:
    """Where a task's report is, below the folder for all of them."""
    return root / task_id.removeprefix("task/")
