"""Reports of safety assessment that engineers had made: how far each is, and its files."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from database import queries, tasks
from houfeng.errors import TaskError
from houfeng.report_files import Kind, file_name, folder_of
from houfeng.roles import Role
from webui import access, allowed, pages, reading, task_rows
from webui.caching import labelled, revalidated
from webui.language import gettext
from webui.settings import WebSettings

blueprint = Blueprint("reports", __name__)

_TYPES: dict[Kind, str] = {"html": "text/html", "pdf": "application/pdf", "json": "application/json"}
_N_SHOWN = 50  # all are below /api/v1/tasks
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
# What not every disk takes in a file's name.
_UNFIT = re.compile(r"[^\w-]+")


@blueprint.get("/reports")
@access.inside
@revalidated
def index() -> Response:
    """Reports, newest first, and for engineers the form that begins one."""

    def query(snapshot: Connection) -> dict[str, Any]:
        return {"reports": task_rows.recent("report", _N_SHOWN), "evaluated_ns": queries.newest_evaluation_ns(snapshot)}

    top = allowed.root("projects_path")
    projects = allowed.projects() if access.may(Role.ENGINEER) else []
    return pages.rendered("reports.html", **reading.read(query), projects=projects, top=top)


@blueprint.get("/reports/<report_id>.<any(html, pdf, json):kind>")
@access.inside
def file(report_id: str, kind: Kind) -> Response:
    """A file of a report that is done: HTML to look at, PDF and JSON to keep."""
    try:
        task = reading.read(lambda snapshot: tasks.task(snapshot, f"task/{report_id}"))
    except TaskError:
        task = None
    if task is None or task.kind != "report" or task.state != "done":
        return pages.failure(404, gettext("There is no report %(id)s.", id=report_id))
    settings: WebSettings = current_app.config["SETTINGS"]
    root = Path(settings.reports_path).resolve()
    path = (folder_of(root, task.task_id) / file_name(task.language, kind)).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        return pages.failure(404, gettext("This report was made, but its files are not in %(folder)s.", folder=root))
    content = path.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:20]
    is_known = request.if_none_match.contains_weak(tag)
    answer = Response(status=304) if is_known else Response(content, mimetype=_TYPES[kind])
    name = f"{_UNFIT.sub('_', Path(task.about).stem)}.{task.language}.{kind}"
    shown = "inline" if kind == "html" else "attachment"
    answer.headers.set("Content-Disposition", shown, **{"filename*": f"UTF-8''{quote(name)}"})
    if kind == "html":  # of 304 too: a browser takes its policy instead of the one it had
        answer.headers["Content-Security-Policy"] = _policy(content)
    return labelled(answer, tag)


def _policy(content: bytes) -> str:
    """What the report itself says that it needs: its own style and pictures inside it; and nothing that acts."""
    found = _STYLE.search(content)
    style = f"'sha256-{b64encode(hashlib.sha256(found[1]).digest()).decode()}'" if found else "'none'"
    return (
        f"default-src 'none'; img-src data:; style-src {style}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox"
    )
