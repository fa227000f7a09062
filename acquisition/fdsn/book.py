"""What servers were asked for in vain, how often, and when to ask again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from acquisition.fdsn.coverage import join, subtract
from acquisition.fdsn.rules import Missing
from houfeng.errors import SourceError, SourceIdError
from houfeng.times import format_ns, parse_ns, seconds_ns
from houfeng.types import Gap, SourceId

# A data centre receives late data within hours, seldom after weeks; a server that failed may be back in minutes.
_ABSENT_S = (3600.0, 4.0, 30 * 86400.0)
_FAILED_S = (300.0, 2.0, 6 * 3600.0)


@dataclass(frozen=True, slots=True)
class Absence:
    """A gap that a server did not fill.

    Parameters
    ----------
    gap : what is not there
    tries : how often it was asked for in vain
    next_try_ns : not before this time, ns UTC
    reason : for people
    """

    gap: Gap
    tries: int
    next_try_ns: int
    reason: str


def due(wanted: Iterable[Gap], known: Iterable[Absence], now_ns: int) -> list[Gap]:
    """The parts of wanted gaps that are to be asked for now."""
    return subtract(join(wanted), [absence.gap for absence in known if absence.next_try_ns > now_ns])


def remember(
    known: Iterable[Absence], filled: Iterable[Gap], missing: Iterable[Missing], now_ns: int
) -> tuple[Absence, ...]:
    """What is known after requests: absences that were filled are forgotten, those met again wait longer.

    Parameters
    ----------
    known : before
    filled : gaps that samples have closed
    missing : gaps that stayed open
    now_ns : ns UTC
    """
    known, missing = list(known), list(missing)
    settled = [*filled, *(lost.gap for lost in missing)]
    after = [
        Absence(rest, absence.tries, absence.next_try_ns, absence.reason)
        for absence in known
        for rest in subtract([absence.gap], settled)
    ]
    for lost in missing:
        tries = 1 + max((each.tries for each in known if _overlap(each.gap, lost.gap)), default=0)
        after.append(Absence(lost.gap, tries, now_ns + _pause_ns(tries, lost.absent), lost.reason))
    return tuple(sorted(after, key=lambda absence: absence.gap))


def load(path: Path, server: str) -> tuple[Absence, ...]:
    """What the file knows of a server; nothing when there is no file.

    Raises
    ------
    SourceError : if the file is not one of ours
    """
    return load_all(path).get(server, ())


def load_all(path: Path) -> dict[str, tuple[Absence, ...]]:
    """What the file knows, by server; nothing when there is no file.

    Raises
    ------
    SourceError : if the file is not one of ours
    """
    try:
        return {server: tuple(map(_from_row, rows)) for server, rows in _rows(path).items()}
    except (KeyError, TypeError, ValueError, AttributeError, SourceIdError) as error:
        raise SourceError(f"{path}: not a list of absent data ({error}); remove it to ask for everything") from error


def save(path: Path, server: str, absences: Iterable[Absence]) -> None:
    """Replace what the file knows of a server; other servers' entries stay."""
    rows = _rows(path) | {server: [_to_row(absence) for absence in absences]}
    written = path.with_name(f"{path.name}.new")
    with written.open("w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)


def _rows(path: Path) -> dict[str, list[dict[str, object]]]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _overlap(one: Gap, other: Gap) -> bool:
    return one.source_id == other.source_id and one.start_ns < other.end_ns and other.start_ns < one.end_ns


def _pause_ns(tries: int, absent: bool) -> int:
    first_s, factor, most_s = _ABSENT_S if absent else _FAILED_S
    return seconds_ns(min(first_s * factor ** min(tries - 1, 32), most_s))


def _to_row(absence: Absence) -> dict[str, object]:
    return {
        "stream": str(absence.gap.source_id),
        "start": format_ns(absence.gap.start_ns, digits=9),
        "end": format_ns(absence.gap.end_ns, digits=9),
        "tries": absence.tries,
        "next_try": format_ns(absence.next_try_ns, digits=9),
        "reason": absence.reason,
    }


def _from_row(row: dict[str, object]) -> Absence:
    gap = Gap(SourceId.parse(str(row["stream"])), parse_ns(str(row["start"])), parse_ns(str(row["end"])))
    return Absence(gap, int(str(row["tries"])), parse_ns(str(row["next_try"])), str(row["reason"]))
