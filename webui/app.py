"""The Flask application and what every answer has in common."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from database.store import Store
from houfeng.errors import ArchiveError, StoreError
from houfeng.times import now_ns
from stations.settings import HealthSettings
from webui import (
    access,
    acting,
    alerts,
    api,
    asking,
    assets,
    availability,
    house,
    language,
    metrics,
    noise,
    openapi,
    pages,
    reports,
    runs,
    signals,
    signing,
    sparklines,
    stream,
)
from webui.caching import Answers, compress
from webui.reading import ParameterError
from webui.settings import WebSettings

# Scripts and styles are files of our own: nothing inline, nothing from elsewhere.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(
    settings: WebSettings,
    store: Store,
    archive: Path | None = None,
    *,
    key: bytes | None = None,
    around: house.Around | None = None,
    health: HealthSettings | None = None,
) -> Flask:
    """The application; the store stays the caller's and is closed by it.

    Parameters
    ----------
    settings : the notice at the top of every page, and who may read it
    store : is read, and written where somebody signs in or acts
    archive : folder of the waveforms, which are only read; None shows no waveforms
    key : signs cookies; without one sessions end with this process
    around : what is asked of configuration and daemon; None shows neither
    health : limits of the status rule, which availability is marked by; None for the default ones
    """
    app = Flask(__name__, static_folder=None)
    app.config["STORE"] = store
    app.config["SETTINGS"] = settings
    app.config["AROUND"] = around
    app.config["HEALTH"] = health or HealthSettings()
    app.config["STARTED"] = now_ns()
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["changes"] = stream.Changes(store)
    app.extensions["answers"] = Answers()
    app.extensions["availability"] = availability.Measured()
    app.extensions["noise"] = noise.Drawn()
    app.extensions["sparklines"] = sparklines.Sparklines()
    language.init_app(app)
    access.init_app(app, settings, key or secrets.token_bytes(32))
    insides = (signing, acting, asking, reports, house, openapi)
    for part in (pages, alerts, metrics, availability, noise, runs, api, stream, assets, *insides):
        app.register_blueprint(part.blueprint)
    signals.init_app(app, settings, archive)
    signing.recall(app.extensions["throttle"], store)
    app.register_error_handler(ParameterError, _bad_parameter)
    app.register_error_handler(StoreError, _away)
    app.register_error_handler(ArchiveError, _away)
    app.register_error_handler(HTTPException, _failed)
    app.after_request(compress)
    app.after_request(_add_headers)
    return app


def _bad_parameter(error: ParameterError) -> Response:
    return _failure(400, str(error))


def _away(error: StoreError | ArchiveError) -> Response:
    return _failure(503, str(error))


def _failed(error: HTTPException) -> Response:
    message = error.description or error.name
    if error.description == type(error).description and not request.path.startswith("/api/"):
        message = ""  # words for nobody in particular: the page's own say it
    response = _failure(error.code or 500, message)
    # such as Allow of 405
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers.setdefault(name, value)
    return response


def _failure(status: int, message: str) -> Response:
    return (
        api.failure(status, message)
        if request.path.startswith("/api/")
        else pages.failure(status, message, is_translated=False)
    )


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
