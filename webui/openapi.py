"""`/api/openapi.json`: every route of the API, as it is: made from the routes and the parameters that they take.

A route says what it takes with `reading.only` and `reading.one_of`, and refuses everything else; these calls are read
from its source, so that no second list can be wrong.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify
from werkzeug.routing import Rule

from houfeng import __version__
from stations.health import State
from stations.settings import USAGES
from stations.usage import LEVELS
from webui import reading
from webui.api import Error
from webui.caching import revalidated
from webui.geojson import FeatureCollection
from webui.language import LANGUAGES
from webui.schemas import Schemas

blueprint = Blueprint("openapi", __name__)

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_TIME: Json = {"type": "string", "description": "UTC, such as 2026-01-31T12:00:00Z"}
_LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": reading.MAX_LIMIT, "description": "At most so many"}

# What the parameters of several routes mean. A route may take fewer values: `one_of` in its source says which.
PARAMETERS: dict[str, Json] = {
    "about": {"type": "string", "description": "A station, an account, or the beginning of an alert's id"},
    "action": _TEXT,
    "after": {"type": "string", "description": "Where the page before ended"},
    "by": _TEXT,
    "channel": {"type": "string", "description": "NET.STA.LOC.CHA; where a route lists several, parts of it will do"},
    "country": {"type": "string", "description": "ISO 3166 alpha-2, such as KG"},
    "documents": {"type": "string", "description": "Is not heeded: the state of the metadata, for caches"},
    "end": _TIME,
    "filter": {"type": "string", "description": "Pass band in Hz, such as 1-10"},
    "format": _TEXT,
    "kind": {"type": "string", "enum": ["live", "replay"]},
    "limit": _LIMIT,
    "net": {"type": "string", "description": "Network code"},
    "nslc": {"type": "string", "description": "Channel: NET.STA.LOC.CHA"},
    "page": {"type": "integer", "minimum": 1},
    "q": {"type": "string", "description": "Part of a station's id or name"},
    "range": _TEXT,
    "run": {"type": "string", "description": "Id of a run; the live ones without it"},
    "since": _TIME,
    "sort": {"type": "string", "description": "A column; with - in front reversed"},
    "start": _TIME,
    "station": {"type": "string", "description": "NET.STA"},
    "status": {
        "type": "string",
        "description": f"Of stations {', '.join(State)}; of alerts open or all; of events current, gone or all",
    },
    "until": _TIME,
    "usage": {"type": "string", "enum": list(USAGES)},
    "who": {"type": "string", "description": "Name of an account, or of who used the command line"},
    "width": {"type": "integer", "description": "Columns"},
}
_WHY: Json = {"type": "string", "minLength": 1, "maxLength": 1000, "description": "The reason; or the comment"}
_UNTIL: Json = {"type": "string", "maxLength": 1000, "description": "UTC time, or 30min, 8h, 2d from now"}
_ABOUT_WHAT = "A server or daemon; a folder or file"
_ABOUT: Json = {"type": "string", "minLength": 1, "maxLength": 1000, "description": _ABOUT_WHAT}
# Bodies of those that change something, by the last part of their endpoint.
_BODIES: dict[str, Json] = {
    "api_handle_alert": {
        "required": ["why"],
        "properties": {"why": _WHY, "until": _UNTIL, "assignee": {"type": "string", "maxLength": 1000}},
    },
    "api_use_station": {
        "required": ["usage", "why"],
        "properties": {"usage": {"type": "string", "enum": list(LEVELS)}, "until": _UNTIL, "why": _WHY},
    },
}
_BODIES["api_restart"] = {"required": ["about", "why"], "properties": {"about": _ABOUT, "why": _WHY}}
_BODIES["api_replay"] = _BODIES["api_restart"]
_LANGUAGE: Json = {"type": "string", "enum": list(LANGUAGES)}
_BODIES["api_delete_report"] = {"required": ["why"], "properties": {"why": _WHY}}
_BODIES["api_report"] = {
    "required": ["about", "language", "why"],
    "properties": {"about": _ABOUT, "language": _LANGUAGE, "why": _WHY},
}
_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "svg": "image/svg+xml",
    "png": "image/png",
}
# Statuses beside 200 that have the same answer.
_ALSO = {
    "api.event": {"410": "It is no event any more"},
    "house.api_daemons": {"503": "The daemon does not answer"},
}
_REFUSALS = {"spectrograms.api_spectrogram": ("404",)}
_WHAT = {
    "400": "A parameter is not what it must be",
    "401": "An account is needed, or the token is wrong or over",
    "403": "The role may not, or the connection is not private",
    "404": "There is none of this name",
    "409": "It is over, or in a state that does not allow this",
    "413": "The body is too long",
    "503": "Database or archive do not answer",
}
_ARGUMENT = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<values>[^)]*)\))?:)?(?P<name>\w+)>")


@blueprint.get("/api/openapi.json")
@revalidated
def document() -> Response:
    """What this API has, for programs that read such descriptions (OpenAPI 3.1)."""
    reading.only()
    return jsonify(described(current_app))


def described(app: Flask) -> Json:
    """The description of an application's API."""
    paths: dict[str, Json] = {}
    schemas = Schemas()
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if rule.rule.startswith("/api/"):
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                view = app.view_functions[rule.endpoint]
                path = _ARGUMENT.sub(lambda found: f"{{{found['name']}}}", rule.rule)
                paths.setdefault(path, {})[method.lower()] = _operation(rule, view, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Houfeng",
            "version": __version__,
            "description": "Seismic network: stations, events, alerts",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.named,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(rule: Rule, view: Callable[..., Any], schemas: Schemas) -> Json:
    taken, choices = _declared(inspect.unwrap(view))
    summary, _, rest = inspect.cleandoc(view.__doc__ or "").partition("\n")
    content = _content(rule, view, choices, schemas)
    operation: Json = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary,
        "description": rest.strip(),
        "parameters": [*_in_path(rule), *(_in_query(name, choices) for name in taken)],
        "responses": {"200": {"description": "As asked", "content": content}, **_refusals(rule, view, schemas)},
    }
    for status, said in _ALSO.get(rule.endpoint, {}).items():
        operation["responses"][status] = {"description": said, "content": content}
    if (needs := getattr(view, "needs", None)) is not None:
        body = {"type": "object", "additionalProperties": False, **_BODIES[rule.endpoint.rpartition(".")[2]]}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        operation["security"] = [{"token": []}]
        operation["description"] = f"{operation['description']}\nFor the role {needs} and above.".strip()
    return operation


def _content(rule: Rule, view: Callable[..., Any], choices: dict[str, list[str]], schemas: Schemas) -> Json:
    """What an answer is, by its type."""
    if rule.endpoint == "stream.stream":
        return {"text/event-stream": {"schema": _TEXT}}
    found: Json = {}
    for name in choices.get("format", ["json"]):
        schema: Json = _TEXT
        if name == "geojson":
            schema = schemas.of(FeatureCollection)
        elif name == "json":
            # the document itself is described by OpenAPI
            schema = {"type": "object"} if rule.endpoint == "openapi.document" else schemas.of(view.answers)  # type: ignore[attr-defined]
        found[_TYPES[name]] = {"schema": schema}
    return found


def _refusals(rule: Rule, view: Callable[..., Any], schemas: Schemas) -> Json:
    """Errors that an operation answers with."""
    statuses = ["400", "401", "403", "503", *_REFUSALS.get(rule.endpoint, ())]
    if rule.arguments:
        statuses.append("404")
    if hasattr(view, "needs"):
        statuses += ["409", "413"]
    content = {"application/json": {"schema": schemas.of(Error)}}
    return {status: {"description": _WHAT[status], "content": content} for status in sorted(statuses)}


def _in_path(rule: Rule) -> Iterator[Json]:
    for found in _ARGUMENT.finditer(rule.rule):
        values = [each.strip() for each in (found["values"] or "").split(",") if each.strip()]
        schema = {"type": "string", "enum": values} if values else {"type": "string", "minLength": 1}
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _in_query(name: str, choices: dict[str, list[str]]) -> Json:
    schema = dict(PARAMETERS.get(name, _TEXT))
    if choices.get(name):
        schema["enum"] = choices[name]
    described = schema.pop("description", "")
    return {"name": name, "in": "query", "required": False, "description": described, "schema": schema}


@cache
def _declared(view: Callable[..., Any]) -> tuple[list[str], dict[str, list[str]]]:
    """Parameters that a view takes, and the values of those that it chooses among some."""
    taken: list[str] = []
    choices: dict[str, list[str]] = {}
    space = inspect.getmodule(view)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(view)))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.endswith("reading.only"):
            taken += [str(name) for each in node.args for name in _values(each, space)]
        elif called.endswith("reading.one_of"):
            (name,) = _values(node.args[0], space)
            choices[name] = [each for each in _values(node.args[1], space) if each]
        elif called.endswith("layout"):
            choices["format"] = ["json", "csv"]
    return taken, choices


def _values(node: ast.expr, space: Any) -> list[str]:
    """Texts of a constant, a tuple of them, or a name of the view's module."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.Starred):
        return _values(node.value, space)
    if isinstance(node, ast.Tuple | ast.List):
        return [value for each in node.elts for value in _values(each, space)]
    return [str(value) for value in getattr(space, node.id)] if isinstance(node, ast.Name) else []
