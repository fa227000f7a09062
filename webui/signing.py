"""Signing in and out."""

from __future__ import annotations

import logging
import math

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from database import accounts, registry
from database.accounts import Account
from database.records import AuditRow
from database.store import Store
from houfeng.errors import StoreError
from houfeng.passwords import matches
from houfeng.times import NS_PER_S, now_ns
from webui import access, pages, reading
from webui.language import gettext
from webui.throttle import WITHIN_S, Throttle

blueprint = Blueprint("signing", __name__)

# Somebody may type a password where the name belongs: names that nobody has are in no audit.
_NOBODY = "unknown"
_MAX_RECALLED = 10_000

_log = logging.getLogger(__name__)


@blueprint.get("/sign-in")
def form() -> Response:
    """The form; it says so where passwords would go over the network unencrypted."""
    return _form(200, "")


@blueprint.post("/sign-in")
def sign_in() -> AnyResponse:
    """Begin a session; the same answer, as slowly, to a wrong name and to a wrong password."""
    if not access.is_private():
        return _form(403, "")
    name, address = request.form.get("name", "").strip().lower()[:80], request.remote_addr or ""
    throttle: Throttle = current_app.extensions["throttle"]
    if wait_s := throttle.take(name, address):
        return _held_off(wait_s)
    known = reading.read(lambda snapshot: accounts.with_password(snapshot, name))
    if not matches(known[1] if known else None, request.form.get("password", "")):
        _note(known[0].name if known else _NOBODY, "refused")
        return _form(401, gettext("Name or password is wrong."))
    assert known is not None
    throttle.forgive(name, address)
    _enter(known[0])
    return redirect(_next(), 303)


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session."""
    if (asking := access.account()) is not None:
        _note(asking.name, "signed out")
    access.leave()
    return redirect(url_for("pages.index"), 303)


def recall(throttle: Throttle, store: Store) -> None:
    """Let a new process know who was refused lately: the audit has it."""
    now = now_ns()
    since_ns = now - round(WITHIN_S * NS_PER_S)
    try:
        with store.read() as snapshot:
            rows = registry.audit(snapshot, action="session", since_ns=since_ns, limit=_MAX_RECALLED)
    except StoreError as error:
        _log.warning("%s; failed sign-ins of the last %.0f min are not known", error, WITHIN_S / 60)
        return
    for row in reversed(rows):
        address = row.origin.partition(" ")[2]
        if row.after == "refused":
            throttle.recall("" if row.who == _NOBODY else row.who, address, (now - row.at_ns) / NS_PER_S)
        elif row.after == "signed in":
            throttle.forgive(row.who, address)


def _enter(account: Account) -> None:
    access.enter(account)
    _note(account.name, "signed in")


def _held_off(wait_s: float) -> Response:
    seconds = math.ceil(wait_s)
    minutes = math.ceil(wait_s / 60)
    response = _form(429, gettext("Too many failed sign-ins. Try again in %(n)s min.", n=minutes))
    response.headers["Retry-After"] = str(seconds)
    return response


def _form(status: int, fault: str) -> Response:
    response = pages.rendered(
        "sign-in.html", fault=fault, private=access.is_private(), evaluated_ns=None, wanted=request.values.get("next")
    )
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _next() -> str:
    """Where the reader wanted to go: a page of ours, never an address of somebody else's."""
    wanted = request.form.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours else url_for("pages.index")


def _note(name: str, what: str) -> None:
    with access.store().begin() as unit:
        said = AuditRow(now_ns(), name, "session", "", "session", "", what, "", name, access.origin())
        registry.add_audit(unit, [said])
