"""How the system itself is run: settings, daemon, and who did what; for those inside (`access.is_inside`)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy import Connection

from database import registry
from database.records import AuditRow
from houfeng import __version__
from houfeng.errors import ConfigError, StatusError
from houfeng.times import NS_PER_S, format_ns, now_ns
from webui import access, api, pages, reading

blueprint = Blueprint("house", __name__)

_N_ROWS = 100
_MAX_PAGE = 10_000
_AUDIT = ("at", "who", "action", "about", "field", "before", "after", "why", "origin")
_FILTERS = ("who", "action", "about", "since", "until")


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
    """

    config: Callable[[], Sequence[ConfigRow]]
    daemon: Callable[[], dict[str, Any]]


@blueprint.get("/config")
@access.inside
def config() -> Response:
    """Every setting with its value, what it is for, and who set it; to be read only."""
    q, only_set = request.args.get("q", "").lower(), reading.one_of("show", ("all", "set"), "all") == "set"
    rows, fault = _config()
    found = [row for row in rows if (q in row.key.lower() or q in row.comment.lower()) and (row.source or not only_set)]
    return _unkept(pages.rendered("config.html", rows=found, n_all=len(rows), fault=fault, evaluated_ns=None))


@blueprint.get("/daemons")
@access.inside
def daemons() -> Response:
    """What the daemon and this process are doing."""
    return _unkept(pages.rendered("daemons.html", told=_daemon(), web=_web(), evaluated_ns=None))


@blueprint.get("/api/v1/daemons")
@access.inside
def api_daemons() -> Response:
    """What `houfeng status --format json` has, and this process; 503 when the daemon does not answer."""
    reading.only()
    told = _daemon()
    response = jsonify({"daemon": told, "web": _web()})
    response.status_code = 503 if "fault" in told else 200
    return _unkept(response)


@blueprint.get("/audit")
@access.inside
def audit() -> Response:
    """Who did what, when, why and from where, newest first."""
    reading.only(*_FILTERS, "page", "lang", "theme", "limit")
    rows = reading.read(_audit)
    values = {"rows": rows[:-1] if len(rows) > _limit() else rows, "page": _page(), "is_more": len(rows) > _limit()}
    return _unkept(pages.rendered("audit.html", **values, actions=_ACTIONS, evaluated_ns=None))


@blueprint.get("/api/v1/audit")
@access.inside
def api_audit() -> Response:
    """The audit as JSON or CSV."""
    reading.only(*_FILTERS, "page", "limit", "format")
    is_sheet = api.layout() == "csv"
    rows = [_shaped(row) for row in reading.read(_audit)[: _limit()]]
    return _unkept(api.sheet("audit", _AUDIT, rows) if is_sheet else jsonify({"audit": rows}))


_ACTIONS = ("session", "alert", "usage", "set", "import", "remove", "user", "token")


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
        limit=_limit() + 1,
        offset=(_page() - 1) * _limit(),
    )


def _limit() -> int:
    return reading.limit(_N_ROWS) or _N_ROWS


def _page() -> int:
    text = request.args.get("page") or "1"
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 0 < int(text) <= _MAX_PAGE:
        raise reading.ParameterError(f"page: 1 to {_MAX_PAGE} is needed, {text!r} came")
    return int(text)


def _shaped(row: AuditRow) -> dict[str, str]:
    values = {name: str(getattr(row, name)) for name in _AUDIT if name not in ("at", "about")}
    return {"at": format_ns(row.at_ns), "about": row.about or row.station_id, **values}


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


def _web() -> dict[str, Any]:
    started_ns: int = current_app.config["STARTED"]
    return {
        "version": __version__,
        "pid": os.getpid(),
        "started": format_ns(started_ns, digits=0),
        "uptime_s": (now_ns() - started_ns) / NS_PER_S,
        "n_threads": threading.active_count(),
    }


def _around() -> Around | None:
    around: Around | None = current_app.config["AROUND"]
    return around


def _unkept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
