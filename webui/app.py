"""The Flask application and what every answer has in common."""

from __future__ import annotations

from flask import Flask, Response

from database.store import Store
from webui import api, stream
from webui.settings import WebSettings

# Scripts and styles are files of our own: nothing inline, nothing from elsewhere.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(settings: WebSettings, store: Store) -> Flask:
    """The application; the store stays the caller's and is closed by it.

    Parameters
    ----------
    settings : the notice at the top of every page
    store : is only read
    """
    app = Flask(__name__)
    app.config["STORE"] = store
    app.config["NOTICE"] = settings.notice
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(api.blueprint)
    app.register_blueprint(stream.blueprint)
    app.extensions["changes"] = stream.Changes(store)
    app.after_request(_add_headers)
    return app


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
