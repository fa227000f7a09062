"""How log lines look: for people, for the systemd journal, or as JSON for collectors."""

from __future__ import annotations

import logging
import os
import sys
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

from houfeng.times import format_ns

# sd-daemon(3): the journal takes a line's level from its prefix, and adds the time itself.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


def write_as(layout: Literal["text", "json"]) -> None:
    """Give the lines of this process, from now on, another form.

    Parameters
    ----------
    layout : text for people, json for one object a line
    """
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_formatter(layout))


def _formatter(layout: str) -> logging.Formatter:
    if layout == "json":
        return _Json(
            "%(asctime)s %(levelname)s %(name)s %(threadName)s %(message)s",
            rename_fields={
                "asctime": "time",
                "levelname": "level",
                "name": "logger",
                "threadName": "thread",
                "exc_info": "exception",
            },
            json_ensure_ascii=False,
        )
    if _is_journal():
        return _Journal("%(message)s")
    return logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")


class _Json(JsonFormatter):
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        return format_ns(int(record.created * 1e9), digits=3)


class _Journal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), _DEBUG)
        # Each line of a traceback is an entry of its own, and wants a level of its own.
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).split("\n"))


def _is_journal() -> bool:
    """Whether standard error goes to the systemd journal: it names the file's device and inode."""
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
