"""The pages. They are complete without a script; with one they keep themselves up to date."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from sqlalchemy import Connection

from database import alert_queries, queries
from houfeng import __version__
from houfeng.times import NS_PER_S, format_ns, now_ns
from stations.health import State
from webui import (
    alert_words,
    allowed,
    cells,
    charts,
    drawing,
    evidence,
    language,
    magnitude_words,
    maps,
    overview,
    paging,
    reading,
    reasons,
    revision_words,
    rule_words,
    sections,
    sparklines,
    station_views,
    task_rows,
    words,
    zone_names,
    zones,
)
from webui.caching import revalidated
from webui.language import gettext

blueprint = Blueprint("pages", __name__)

_DAY_NS = 24 * 3600 * NS_PER_S
_YEAR_S = 365 * 24 * 3600
_N_ROWS = 200
_N_LATEST = 5
_N_PICKS = 12
_THEMES = ("light", "dark")
# What an address may say of the page itself; cookies keep it.
KEPT = ("lang", "theme", "tz")
# What does most of the work, and its licence (SPDX).
_PACKAGES = {
    "ObsPy": "LGPL-3.0-only",
    "NumPy": "BSD-3-Clause",
    "SciPy": "BSD-3-Clause",
    "pymseed": "Apache-2.0",
    "seedlink-client": "Apache-2.0",
    "SQLAlchemy": "MIT",
    "Flask": "BSD-3-Clause",
    "gunicorn": "MIT",
}


@blueprint.get("/")
@revalidated
def index() -> Response:
    """The network at a glance: counts, latest events, the station table."""

    def query(snapshot: Connection) -> dict[str, Any]:
        table = _station_table(snapshot)
        everything = table["everything"]
        of_day = queries.events(snapshot, since_ns=now_ns() - _DAY_NS)
        return table | {
            "uncounted": overview.uncounted(everything),
            "figures": overview.figures(everything),
            "latest": queries.events(snapshot, limit=_N_LATEST),
            "n_events": len(of_day),
            "chart": maps.drawn(table["matching"], of_day, now_ns()),
            "alerts": alert_queries.n_open_by_severity(snapshot),
        }

    return rendered("overview.html", **reading.read(query), alert_words=alert_words)


@blueprint.get("/stations")
@revalidated
def stations() -> Response:
    """The station table alone."""
    return rendered("station_list.html", **reading.read(_station_table))


def _station_table(snapshot: Connection) -> dict[str, Any]:
    """What the station table shows, and by what it may be filtered."""
    everything = queries.stations(snapshot, seen_at_ns=now_ns())
    matching = queries.chosen(everything, **reading.station_choice())
    lines: sparklines.Sparklines = current_app.extensions["sparklines"]
    return {
        "everything": everything,
        "matching": matching,
        "counts": overview.counts(everything),
        "rows": matching[: reading.limit(_N_ROWS)],
        "n_matching": len(matching),
        "networks": sorted({row.network for row in everything}),
        "countries": sorted({row.country for row in everything if row.country}),
        "sort": reading.sort_key(),
        "filtered": any(request.args.get(name) for name in ("status", "net", "country", "usage", "q")),
        "sparklines": lines.get(snapshot),
        "cells": cells.cells,
        "evaluated_ns": queries.newest_evaluation_ns(snapshot),
    }


@blueprint.get("/stations/<station_id>")
@revalidated
def station(station_id: str) -> Response:
    """Why a station is as it is, its channels, its latest picks."""

    def query(snapshot: Connection) -> dict[str, Any]:
        detail, at_ns = queries.station(snapshot, station_id, seen_at_ns=now_ns()), now_ns()
        return {
            "detail": detail,
            **(station_views.views(snapshot, detail, at_ns) if detail else {}),
            "ids": queries.station_ids(snapshot),
            "picks": queries.picks(snapshot, station_id=station_id, limit=_N_PICKS),
        }

    values = reading.read(query)
    detail, ids = values["detail"], values.pop("ids")
    if detail is None:
        return failure(404, gettext("There is no station %(id)s.", id=station_id))
    at, findings = ids.index(station_id), evidence.findings(detail.channels)
    return rendered(
        "station.html",
        **values,
        evaluated_ns=detail.station.evaluated_ns,
        findings=findings,
        deducted=station_views.deducted(detail.station.deductions, findings),
        weeks=station_views.weeks(values["days"]),
        alert_words=alert_words,
        rules=evidence.RULES,
        width=charts.WIDTH,
        height=charts.HEIGHT,
        is_midnight=charts.is_midnight,
        waiting=evidence.waiting(detail.channels),
        before=ids[at - 1] if at > 0 else None,
        after=ids[at + 1] if at + 1 < len(ids) else None,
    )


@blueprint.get("/events")
@revalidated
def events() -> Response:
    """The event list."""
    run_id = request.args.get("run")

    def query(snapshot: Connection) -> dict[str, Any]:
        found, older = paging.cut(reading.events(snapshot), reading.N_ROWS)
        run = queries.run(snapshot, run_id) if run_id else None
        return {"events": found, "older": older, "run": run, "evaluated_ns": queries.newest_evaluation_ns(snapshot)}

    return rendered("events.html", **reading.read(query))


@blueprint.get("/events/<path:event_id>")
@revalidated
def event(event_id: str) -> Response:
    """One event with its arrivals; also one that is none any more: an open page shall turn to say so."""
    run_id, public_id = request.args.get("run") or None, reading.event_id(event_id)

    def query(snapshot: Connection) -> dict[str, Any]:
        detail = queries.event(snapshot, public_id, run_id=run_id)
        run = queries.run(snapshot, detail.event.run_id) if detail else None
        heard = {each.pick.source_id.station_id for each in detail.arrivals} if detail else set()
        rows = queries.stations(snapshot, seen_at_ns=now_ns(), among=heard)
        return {
            "detail": detail,
            "run": run,
            "chart": maps.of_event(rows, detail.event) if detail else None,
            "evaluated_ns": queries.newest_evaluation_ns(snapshot),
        }

    values = reading.read(query)
    if values["detail"] is None:
        return failure(404, gettext("There is no event %(id)s.", id=event_id))
    traces = sections.traces_of(values["run"])
    return rendered(
        "event.html",
        **values,
        record_section=sections.section_or_none(traces, values["detail"]),
        is_elsewhere=traces is not current_app.extensions["traces"],
        may_look=traces is not None,
        drawing=drawing,
        format_ns=format_ns,
    )


@blueprint.get("/runs")
@revalidated
def runs() -> Response:
    """Live runs and, apart from them, replays."""

    def query(snapshot: Connection) -> dict[str, Any]:
        found, older = paging.cut(reading.runs(snapshot), reading.N_ROWS)
        evaluated_ns = queries.newest_evaluation_ns(snapshot)
        return {"runs": found, "older": older, "begun": task_rows.recent("replay"), "evaluated_ns": evaluated_ns}

    return rendered("runs.html", **reading.read(query), top=allowed.root("replay_path"))


@blueprint.get("/about")
@revalidated
def about() -> Response:
    """Versions, licence, and what the words mean."""
    packages = [("Python", platform.python_version(), "PSF-2.0")]
    packages += [(name, version(name), licence) for name, licence in _PACKAGES.items()]
    return rendered("about.html", packages=packages, evaluated_ns=reading.read(queries.newest_evaluation_ns))


@blueprint.get("/measures")
@revalidated
def measures() -> Response:
    """What each rule of the status measures, and each figure beside them, in plain words, and how."""
    found = {"measures": list(rule_words.measures()), "figures": rule_words.FIGURES}
    return rendered("measures.html", **found, evaluated_ns=reading.read(queries.newest_evaluation_ns))


def failure(status: int, message: str, *, is_translated: bool = True) -> Response:
    """A page that says what is wrong, in the page's language or, as errors do, in English."""
    values = {"status": status, "message": message, "is_translated": is_translated}
    response = rendered("failure.html", **values, evaluated_ns=None)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.after_app_request
def remember(response: Response) -> Response:
    """Keep the language, the theme and the time zone that an address asked for."""
    known = (("lang", language.LANGUAGES.__contains__), ("theme", _THEMES.__contains__), ("tz", zone_names.known))
    for name, is_known in known:
        asked = request.args.get(name)
        if asked and is_known(asked):
            response.set_cookie(name, asked, max_age=_YEAR_S, samesite="Lax")
    return response


@blueprint.app_template_global("here")
def here(**changes: str | None) -> str:
    """This page with other parameters; None takes one away."""
    values = request.args.to_dict() | changes
    for name in KEPT:
        if name not in changes:
            values.pop(name, None)
    kept = {name: value for name, value in values.items() if value}
    return url_for(request.endpoint or "pages.index", **(request.view_args or {}) | kept)


def rendered(template: str, **values: Any) -> Response:
    """A page of a template, with what every page needs."""
    now = now_ns()
    theme = request.args.get("theme") or request.cookies.get("theme")
    return make_response(
        render_template(
            template,
            now_ns=now,
            notice=current_app.config["SETTINGS"].notice_in(language.chosen()),
            theme=theme if theme in _THEMES else "auto",
            lang=language.chosen(),
            languages=language.LANGUAGES,
            html_lang=language.HTML_LANG[language.chosen()],
            version=__version__,
            words=words,
            zone=zones.chosen(),
            zones=zones,
            reason=reasons.translated,
            magnitude_words=magnitude_words,
            revision_words=revision_words,
            site_name=language.site_name,
            territory=language.territory,
            iso=lambda t_ns: format_ns(t_ns, digits=3),
            age=lambda t_ns: words.age(max(0, now - t_ns) / NS_PER_S),
            State=State,
            **values,
        )
    )
