"""How the system itself is run: settings, daemon, and who did what; for those inside (`access.is_inside`)."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypedDict

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from database import queries, registry
from database.records import AuditRow
from houfeng import __version__
from houfeng.errors import ConfigError, StatusError, StoreError, TaskError
from houfeng.shape_types import Time
from houfeng.times import NS_PER_S, format_ns, now_ns
from webui import access, api, pages, paging, reading, task_rows
from webui.language import lazy_gettext
from webui.paging import Paged
from webui.schemas import answers, columns

blueprint = Blueprint("house", __name__)

_FILTERS = ("who", "action", "about", "since", "until")


P = ParamSpec("P")

# What the daemon does now and then, by the names that its status and logs have.
JOBS = {
    "report": lazy_gettext("says in the log how it is"),
    "checkpoint": lazy_gettext("saves the state of detection"),
    "index": lazy_gettext("lists the archive's files"),
    "disk": lazy_gettext("looks how much of the disk is free"),
    "metadata": lazy_gettext("checks station metadata"),
    "retention": lazy_gettext("deletes what is too old"),
    "evidence": lazy_gettext("judges what was measured"),
    "measures": lazy_gettext("measures the signals"),
    "latencies": lazy_gettext("saves latencies"),
    "noise": lazy_gettext("computes the noise of sites"),
    "requests": lazy_gettext("does restarts that were asked for"),
    "inventory": lazy_gettext("fetches station metadata"),
    "imports": lazy_gettext("looks for imported metadata"),
    "seal": lazy_gettext("notes checksums of closed days"),
}


class WebProcess(TypedDict):
    """The process that answers."""

    version: str
    pid: int
    started: Time
    uptime_s: float
    n_threads: int


class Processes(TypedDict):
    """What `houfeng status --format json` has, or with `fault` why the daemon does not answer; and this process."""

    daemon: dict[str, Any]
    web: WebProcess


class AuditShape(TypedDict):
    """What somebody did: `about` is a station, an account, or the id of an alert."""

    at: Time
    who: str
    action: str
    about: str
    field: str
    before: str
    after: str
    why: str
    origin: str


class AuditList(Paged):
    """What was done, newest first."""

    audit: list[AuditShape]


@dataclass(frozen=True, slots=True)
class ConfigRow:
    """One setting, as TOML writes it and without secrets: what it is for, and which file sets it ("" for a default)."""

    key: str
    value: str
    comment: str
    source: str


@dataclass(frozen=True, slots=True)
class Around:
    """What the page asks of what is around it.

    Parameters
    ----------
    config : the settings as their file is now; a ConfigError tells what is wrong with it
    daemon : what the daemon tells of itself; a StatusError tells why it does not
    begin : starts a process that does the task of this id; None where there is no such process
    """

    config: Callable[[], Sequence[ConfigRow]]
    daemon: Callable[[], dict[str, Any]]
    begin: Callable[[str], None] | None = None


def unkept(view: Callable[P, Response]) -> Callable[P, Response]:
    """Let no cache keep an answer: it tells of the system itself."""

    @functools.wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
        response = view(*args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def _evaluated_ns() -> int | None:
    """When health last looked at any station; None while the database does not answer: these pages do."""
    try:
        return reading.read(queries.newest_evaluation_ns)
    except StoreError:
        return None


@blueprint.get("/config")
@access.inside
@unkept
def config() -> Response:
    """Every setting with its value, what it is for, and who set it; to be read only."""
    q, only_set = request.args.get("q", "").lower(), reading.one_of("show", ("all", "set"), "all") == "set"
    rows, fault = _config()
    found = [row for row in rows if (q in row.key.lower() or q in row.comment.lower()) and (row.source or not only_set)]
    return pages.rendered("config.html", rows=found, n_all=len(rows), fault=fault, evaluated_ns=_evaluated_ns())


@blueprint.get("/daemons")
@access.inside
@unkept
def daemons() -> Response:
    """What the daemon and this process are doing."""
    restarts = task_rows.recent("restart")
    told = {"told": _daemon(), "web": _web(), "restarts": restarts, "jobs": JOBS}
    return pages.rendered("daemons.html", **told, evaluated_ns=_evaluated_ns())


@blueprint.get("/api/v1/daemons")
@access.inside
@unkept
@answers(Processes)
def api_daemons() -> tuple[Processes, int]:
    """What `houfeng status --format json` has, and this process; 503 when the daemon does not answer."""
    reading.only()
    told = _daemon()
    return {"daemon": told, "web": _web()}, 503 if "fault" in told else 200


@blueprint.get("/audit")
@access.inside
@unkept
def audit() -> Response:
    """Who did what, when, why and from where, newest first."""
    reading.only(*_FILTERS, "page", *pages.KEPT, "limit")
    rows, following = paging.cut(reading.read(_audit), reading.N_ROWS)
    values = {"rows": rows, "page": reading.page_number(), "is_more": following is not None}
    return pages.rendered("audit.html", **values, actions=_ACTIONS, evaluated_ns=_evaluated_ns())


@blueprint.get("/api/v1/audit")
@access.inside
@unkept
@answers(AuditList)
def api_audit() -> AuditList | Response:
    """The audit as JSON or CSV."""
    reading.only(*_FILTERS, "page", "limit", "format")
    is_sheet = api.layout() == "csv"
    shown, link = paging.cut(reading.read(_audit), reading.N_ROWS, upto="until")
    rows = [_shaped(row) for row in shown]
    return api.sheet("audit", columns(AuditShape), rows, link) if is_sheet else {"audit": rows, "next": link}


_ACTIONS = ("session", "alert", "usage", "set", "import", "remove", "user", "token", "restart", "replay", "report")


def _audit(snapshot: Connection) -> list[AuditRow]:
    """One more than fits on the page, to see whether there is another."""
    action = reading.one_of("action", ("", *_ACTIONS), "")
    return registry.audit(
        snapshot,
        who=request.args.get("who") or None,
        action=action or None,
        about=request.args.get("about") or None,
        since_ns=reading.time("since"),
        until_ns=reading.time("until"),
        limit=reading.depth(reading.N_ROWS) or reading.N_ROWS,
    )


def _shaped(row: AuditRow) -> AuditShape:
    return {
        "at": format_ns(row.at_ns),
        "who": row.who,
        "action": row.action,
        "about": row.about or row.station_id,
        "field": row.field,
        "before": row.before,
        "after": row.after,
        "why": row.why,
        "origin": row.origin,
    }


def _config() -> tuple[Sequence[ConfigRow], str]:
    around = _around()
    if around is None:
        return (), ""
    try:
        return around.config(), ""
    except ConfigError as error:
        return (), str(error)


def _daemon() -> dict[str, Any]:
    around = _around()
    if around is None:
        return {"fault": "nobody told this page where a daemon is"}
    try:
        return around.daemon()
    except StatusError as error:
        return {"fault": str(error)}


def _web() -> WebProcess:
    started_ns: int = current_app.config["STARTED"]
    return {
        "version": __version__,
        "pid": os.getpid(),
        "started": format_ns(started_ns, digits=0),
        "uptime_s": (now_ns() - started_ns) / NS_PER_S,
        "n_threads": threading.active_count(),
    }


def beginner() -> Callable[[str], None]:
    """What starts a process for a task.

    Raises
    ------
    TaskError : where this page has no configuration that such a process could read
    """
    around = _around()
    if around is None or around.begin is None:
        raise TaskError("this page was started without a configuration: nothing can be begun on it")
    return around.begin


def _around() -> Around | None:
    around: Around | None = current_app.config["AROUND"]
    return around
