"""What people ask for on the web page and others do: restarts by the daemon, replays and reports by own processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from database import registry, tables
from database.accounts import Change
from database.records import AuditRow
from database.rows import Found
from database.unit import UnitOfWork
from houfeng.errors import TaskError
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import public_id

Kind = Literal["restart", "replay", "report"]
State = Literal["asked", "running", "done", "failed"]

# Who does something is heard of every few seconds; one that was not for so long has ended without a word.
SILENT_NS = 60 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Task:
    """Something that was asked for.

    Parameters
    ----------
    kind : restart, replay or report
    about : name of a server, or "daemon"; folder or file of a replay; project file of a report
    language : of a report; "" of all else
    who, why : asked for it
    state : asked, running, done or failed
    said : how far it is, or what came of it
    asked_ns, seen_ns, ended_ns : ns UTC; seen is when whoever does it was last heard of
    """

    task_id: str
    kind: Kind
    about: str
    language: str
    who: str
    why: str
    state: State
    said: str
    asked_ns: int
    seen_ns: int | None
    ended_ns: int | None

    def is_open(self, now_ns: int) -> bool:
        """Whether it is still to be expected to end."""
        return self.state in ("asked", "running") and now_ns - (self.seen_ns or self.asked_ns) < SILENT_NS


def ask(unit: UnitOfWork, kind: Kind, about: str, why: str, change: Change, *, language: str = "") -> Task:
    """Note that something is wanted; the audit has it too.

    Raises
    ------
    TaskError : without a reason; while the same server is restarted, or any replay or report is being made
    """
    if not why:
        raise TaskError(f"{kind} of {about}: a reason is needed, none came")
    task_id = public_id("task", kind, about, change.by, change.at_ns)
    table = tables.task
    same_or_open = (table.c.task_id == task_id) | table.c.state.in_(("asked", "running"))
    for other in map(_task, unit.connection.execute(select(table).where(table.c.kind == kind, same_or_open))):
        if other.task_id == task_id:  # this very wish: its commit's answer was lost
            return other
        if other.is_open(change.at_ns) and (kind != "restart" or other.about == about):
            when = format_ns(other.asked_ns, digits=0)
            raise TaskError(f"{kind} of {other.about}: it was asked for {when} and is not done yet")
    made = Task(task_id, kind, about, language, change.by, why, "asked", "", change.at_ns, None, None)
    names = ("task_id", "kind", "about", "language", "who", "why", "state", "said", "asked_ns", "seen_ns", "ended_ns")
    unit.connection.execute(insert(tables.task).values({name: getattr(made, name) for name in names}))
    said = AuditRow(change.at_ns, change.by, kind, "", kind, "", language or about, why, about, change.origin)
    registry.add_audit(unit, [said])
    unit.mark_shown()
    return made


def tasks(connection: Connection, *, kind: Kind | None = None, limit: int = 20) -> list[Task]:
    """What was asked for, newest first."""
    table = tables.task
    query = select(table).order_by(table.c.asked_ns.desc(), table.c.task_id).limit(limit)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    return [_task(row) for row in connection.execute(query)]


def task(connection: Connection, task_id: str) -> Task:
    """One of them.

    Raises
    ------
    TaskError : if there is none of this id
    """
    row = connection.execute(select(tables.task).where(tables.task.c.task_id == task_id)).one_or_none()
    if row is None:
        raise TaskError(f"task {task_id}: an id is needed, as the page of runs has it; there is none")
    return _task(row)


def note(unit: UnitOfWork, task_id: str, state: State, said: str, at_ns: int) -> None:
    """Say how far something is, or what came of it.

    Parameters
    ----------
    at_ns : now, ns UTC
    """
    values = {"state": state, "said": said, "seen_ns": at_ns}
    if state in ("done", "failed"):
        values["ended_ns"] = at_ns
    unit.connection.execute(update(tables.task).where(tables.task.c.task_id == task_id).values(values))
    unit.mark_shown()


def _task(row: Found) -> Task:
    return Task(**dict(row._mapping))
