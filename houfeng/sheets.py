"""Rows as CSV that spreadsheets open without harm."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

# A cell of text that begins so is a formula to spreadsheets, or becomes one once they have cut what is before it
# (OWASP, CSV Injection): names and reasons are other people's words.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(out: TextIO, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows under a head of their columns, which is there without rows too; lists are JSON."""
    writer = csv.DictWriter(out, fieldnames=columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})


def cell(value: Any) -> Any:
    """A value as it stands in a cell: texts that begin like a formula have an apostrophe in front; numbers stay."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text
