"""Who asks, and whether they may: sessions in a cookie, tokens of programs, roles, forged forms.

A session is a row of the database; the signed cookie has its key. It ends with the row: on signing out, on a new
password, when the account goes, or when its time is over.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from ipaddress import ip_address
from typing import ParamSpec

import flask_wtf.csrf  # type: ignore[import-untyped]
from flask import Flask, Response, abort, current_app, g, jsonify, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from database import accounts
from database.accounts import Account
from database.store import Store
from houfeng.errors import AccessError, StoreError
from houfeng.roles import Role
from houfeng.times import now_ns
from webui import reading
from webui.language import gettext
from webui.settings import WebSettings
from webui.throttle import Throttle

P = ParamSpec("P")

# Whoever may not read yet needs these; the health of the process tells nothing of the network.
_OPEN = ("assets.", "stream.livez", "stream.readyz", "access.", "signing.")
_csrf = flask_wtf.csrf.CSRFProtect()


class _Sessions(SecureCookieSessionInterface):
    """The cookie goes over https only wherever the page itself came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask, settings: WebSettings, key: bytes) -> None:
    """Let every request be looked at before it is answered.

    Parameters
    ----------
    key : signs cookies; another one ends all sessions
    """
    app.secret_key = key
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME="houfeng",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        # as long as the session: a form that stood open over lunch can still be sent
        WTF_CSRF_TIME_LIMIT=None,
        # asked for below, where a token makes it needless
        WTF_CSRF_CHECK_DEFAULT=False,
        # forms are short texts
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    _csrf.init_app(app)
    app.extensions["throttle"] = Throttle()
    if n := settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    app.before_request(_look)
    app.context_processor(_told)


def account() -> Account | None:
    """Who asks; None where nobody said."""
    if "account" not in g:
        g.account = None  # what is asked again while a refusal is worded
        g.account = _by_token() if is_program() else _by_session()
    found: Account | None = g.account
    return found


def is_program() -> bool:
    """Whether a token is shown: then no cookie counts, and no page could have forged the request."""
    return "Authorization" in request.headers


def may(role: str) -> bool:
    """Whether who asks has a role, or one that may more."""
    asking = account()
    return asking is not None and asking.role.may(Role(role))


def is_inside() -> bool:
    """Whether who asks may see how the system is run: everybody does where the page is for this computer alone."""
    return _settings().reading == "loopback" or account() is not None


def _told() -> dict[str, object]:
    """For templates; a page that says that the database is away must not ask it who reads."""
    try:
        return {"account": account(), "may": may, "inside": is_inside()}
    except StoreError:
        g.account = None
        return {"account": None, "may": may, "inside": is_inside()}


def needs(role: Role) -> Callable[[Callable[P, Response]], Callable[P, AnyResponse]]:
    """Let a view be for a role and those that may more; others are told what is missing."""

    def guarded(view: Callable[P, Response]) -> Callable[P, AnyResponse]:
        @functools.wraps(view)
        def answer(*args: P.args, **kwargs: P.kwargs) -> AnyResponse:
            if (asking := account()) is None:
                return _sign_in_first()
            if not asking.role.may(role):
                text = gettext("Your role, %(role)s, may not do this: %(needed)s is needed.")
                abort(403, text % {"role": asking.role, "needed": role})
            return view(*args, **kwargs)

        answer.needs = role  # type: ignore[attr-defined]  # for the test that no door is without a lock
        return answer

    return guarded


def inside(view: Callable[P, Response]) -> Callable[P, AnyResponse]:
    """Let a view be for who has an account, or for this computer: see `is_inside`."""

    @functools.wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> AnyResponse:
        return view(*args, **kwargs) if is_inside() else _sign_in_first()

    return answer


def origin() -> str:
    """From where the request comes, for the audit."""
    return f"{'api' if is_program() or request.path.startswith('/api/') else 'web'} {request.remote_addr}"


def reader() -> object:
    """What of a page hangs on who reads it: its forms have the reader's own mark."""
    asking = account()
    return None if asking is None else (asking, session.get("csrf_token"))


def enter(asking: Account) -> None:
    """Begin a session under a key that nobody knew before, whatever cookie came."""
    at_ns = now_ns()
    until_ns = at_ns + round(_settings().session_h * 3600e9)
    with store().begin() as unit:
        key = accounts.begin_session(unit, asking.name, at_ns=at_ns, until_ns=until_ns)
    session.clear()
    session["key"] = key
    # now, not with the first page: what is kept of a page is this session's
    flask_wtf.csrf.generate_csrf()


def leave() -> None:
    """End the session, for every copy of its cookie."""
    if key := session.get("key"):
        with store().begin() as unit:
            accounts.end_session(unit, key)
    session.clear()


def is_private() -> bool:
    """Whether passwords and tokens may come this way: encrypted, or never leaving this computer."""
    try:
        return request.is_secure or ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _look() -> AnyResponse | None:
    """Before every view: forms are ours, and readers may read."""
    if request.endpoint is None:
        return None
    is_open = request.endpoint.startswith(_OPEN)
    if is_program():
        account()  # a wrong token is told at once
    elif request.method not in ("GET", "HEAD", "OPTIONS"):
        _csrf.protect()
    if _settings().reading == "accounts" and not is_open and account() is None:
        return _sign_in_first()
    return None


def _by_token() -> Account:
    if not is_private():
        abort(403, "Tokens are taken over https only, or on the computer itself.")
    kind, _, text = request.headers["Authorization"].partition(" ")
    found = None
    if kind.lower() == "bearer":
        try:
            found = reading.read(lambda snapshot: accounts.of_token(snapshot, text.strip(), now_ns()))
        except AccessError as error:
            abort(_refused(str(error)))
    if found is None:
        abort(_refused("The token is wrong or was revoked: Authorization: Bearer TOKEN is needed."))
    return found


def _by_session() -> Account | None:
    key = session.get("key")
    if not isinstance(key, str):
        return None
    return reading.read(lambda snapshot: accounts.of_session(snapshot, key, now_ns()))


def _sign_in_first() -> AnyResponse:
    if request.path.startswith("/api/"):
        return _refused("Sign in, or send a token: Authorization: Bearer TOKEN.")
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("signing.form", next=wanted), 303)


def _refused(message: str) -> Response:
    response = jsonify({"error": message})
    response.status_code = 401
    response.headers["WWW-Authenticate"] = 'Bearer realm="houfeng"'
    return response


def _settings() -> WebSettings:
    settings: WebSettings = current_app.config["SETTINGS"]
    return settings


def store() -> Store:
    """The application's."""
    opened: Store = current_app.config["STORE"]
    return opened
