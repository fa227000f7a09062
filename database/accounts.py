"""Accounts of the web page, their API tokens and their sessions; every change is in the audit.

What is handed out (a token, the key of a session) is kept as a hash only: it is shown once and cannot be read again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from database import registry, tables
from database.records import AuditRow
from database.rows import Found
from database.unit import UnitOfWork
from houfeng.errors import AccessError
from houfeng.roles import Role
from houfeng.times import format_ns

__all__ = ["Account", "Change", "Connection", "Token"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_MARK = "houfeng"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, or something, that may use the page.

    Parameters
    ----------
    name : lower case
    role : what it may do
    made_ns : since when it is there, ns UTC
    """

    name: str
    role: Role
    made_ns: int


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of an API token: not its secret. It may do what its account may, until it ends, if ever."""

    token_id: str
    name: str
    label: str
    made_ns: int
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes accounts: when, ns UTC, by whom, and from where."""

    at_ns: int
    by: str
    origin: str


def accounts(connection: Connection) -> list[Account]:
    """All of them, by name."""
    return [_account(row) for row in connection.execute(select(tables.account).order_by(tables.account.c.name))]


def with_password(connection: Connection, name: str) -> tuple[Account, str] | None:
    """An account and the hash of its password; None where nobody has the name."""
    row = connection.execute(select(tables.account).where(tables.account.c.name == name)).one_or_none()
    return None if row is None else (_account(row), row.password_hash)


def add(unit: UnitOfWork, name: str, role: Role, password_hash: str, change: Change) -> None:
    """Make an account.

    Raises
    ------
    AccessError : if the name will not do, or somebody has it
    """
    if not _NAME.fullmatch(name):
        needed = "1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, are needed"
        raise AccessError(f"user {name!r}: {needed}")
    if with_password(unit.connection, name) is not None:
        raise AccessError(f"user {name}: there is one already; `houfeng users set` changes it")
    row = {"name": name, "role": str(role), "password_hash": password_hash, "made_ns": change.at_ns}
    unit.connection.execute(insert(tables.account).values(row))
    _note(unit, change, "user", name, "role", "", role)


def change_role(unit: UnitOfWork, name: str, role: Role, change: Change) -> None:
    """Let an account do more or less, from its next request on; its sessions end, so that each begins as what it is.

    Raises
    ------
    AccessError : if there is no such account, or no admin would be left
    """
    before = _existing(unit, name)
    if before.role is Role.ADMIN and role is not Role.ADMIN:
        _keep_an_admin(unit, name)
    unit.connection.execute(update(tables.account).where(tables.account.c.name == name).values(role=str(role)))
    unit.connection.execute(delete(tables.web_session).where(tables.web_session.c.name == name))
    _note(unit, change, "user", name, "role", before.role, role)


def change_password(unit: UnitOfWork, name: str, password_hash: str, change: Change) -> None:
    """Give an account another password and end its sessions; its tokens go on.

    Raises
    ------
    AccessError : if there is no such account
    """
    _existing(unit, name)
    values = {"password_hash": password_hash}
    unit.connection.execute(update(tables.account).where(tables.account.c.name == name).values(values))
    unit.connection.execute(delete(tables.web_session).where(tables.web_session.c.name == name))
    _note(unit, change, "user", name, "password", "", "changed")


def remove(unit: UnitOfWork, name: str, change: Change) -> None:
    """Remove an account with its tokens and sessions.

    Raises
    ------
    AccessError : if there is no such account, or no admin would be left
    """
    before = _existing(unit, name)
    if before.role is Role.ADMIN:
        _keep_an_admin(unit, name)
    for table in (tables.web_session, tables.api_token, tables.account):
        unit.connection.execute(delete(table).where(table.c.name == name))
    _note(unit, change, "user", name, "role", before.role, "removed")


def tokens(connection: Connection, name: str | None = None) -> list[Token]:
    """Tokens of an account, or of all, oldest first."""
    table = tables.api_token
    query = select(table).order_by(table.c.made_ns, table.c.token_id)
    if name is not None:
        query = query.where(table.c.name == name)
    return [Token(row.token_id, row.name, row.label, row.made_ns, row.until_ns) for row in connection.execute(query)]


def add_token(unit: UnitOfWork, name: str, label: str, change: Change, *, until_ns: int | None = None) -> str:
    """Make a token of an account; what it returns is shown once and never again.

    Parameters
    ----------
    until_ns : when it ends, ns UTC; None for never

    Raises
    ------
    AccessError : if there is no such account, or it would be over already
    """
    _existing(unit, name)
    if until_ns is not None and until_ns <= change.at_ns:
        raise AccessError(f"token of {name}: an end in the future is needed, {format_ns(until_ns, digits=0)} came")
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    values = {"token_id": token_id, "name": name, "label": label, "secret_hash": _hash(secret)}
    unit.connection.execute(insert(tables.api_token).values(values | {"made_ns": change.at_ns, "until_ns": until_ns}))
    until = "" if until_ns is None else f"until {format_ns(until_ns, digits=0)}"
    _note(unit, change, "token", name, "token", "", " ".join(filter(None, (token_id, label, until))))
    return f"{_MARK}_{token_id}_{secret}"


def revoke_token(unit: UnitOfWork, token_id: str, change: Change) -> Token:
    """Make a token worthless, from its next request on.

    Raises
    ------
    AccessError : if there is no such token
    """
    known = {token.token_id: token for token in tokens(unit.connection)}.get(token_id)
    if known is None:
        raise AccessError(f"token {token_id}: an id is needed, as `houfeng users token list` shows it; there is none")
    unit.connection.execute(delete(tables.api_token).where(tables.api_token.c.token_id == token_id))
    _note(unit, change, "token", known.name, "token", f"{token_id} {known.label}".strip(), "revoked")
    return known


def of_token(connection: Connection, text: str, now_ns: int) -> Account | None:
    """Whose token a text is; None where it is nobody's, or was revoked.

    Raises
    ------
    AccessError : if it is somebody's, and over
    """
    mark, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    if mark != _MARK or not secret:
        return None
    query = select(tables.account, tables.api_token.c.secret_hash, tables.api_token.c.until_ns).join(tables.api_token)
    row = connection.execute(query.where(tables.api_token.c.token_id == token_id)).one_or_none()
    if row is None or not secrets.compare_digest(row.secret_hash, _hash(secret)):
        return None
    if row.until_ns is not None and row.until_ns <= now_ns:
        raise AccessError(f"token {token_id}: it ended {format_ns(row.until_ns, digits=0)}; an admin makes another")
    return _account(row)


def begin_session(unit: UnitOfWork, name: str, *, at_ns: int, until_ns: int) -> str:
    """Let an account in; the key of the session goes into a cookie. Sessions that are over are forgotten."""
    key = secrets.token_urlsafe(32)
    unit.connection.execute(delete(tables.web_session).where(tables.web_session.c.until_ns <= at_ns))
    values = {"secret_hash": _hash(key), "name": name, "made_ns": at_ns, "until_ns": until_ns}
    unit.connection.execute(insert(tables.web_session).values(values))
    return key


def of_session(connection: Connection, key: str, now_ns: int) -> Account | None:
    """Who has the session of a key; None where it is over, ended or never was."""
    session = tables.web_session
    query = select(tables.account).join(session)
    row = connection.execute(
        query.where(session.c.secret_hash == _hash(key), session.c.until_ns > now_ns)
    ).one_or_none()
    return None if row is None else _account(row)


def end_session(unit: UnitOfWork, key: str) -> None:
    """End a session: its cookie, wherever it was copied to, is worthless."""
    unit.connection.execute(delete(tables.web_session).where(tables.web_session.c.secret_hash == _hash(key)))


def _existing(unit: UnitOfWork, name: str) -> Account:
    found = with_password(unit.connection, name)
    if found is None:
        raise AccessError(f"user {name}: a name is needed, as `houfeng users list` shows it; there is none")
    return found[0]


def _keep_an_admin(unit: UnitOfWork, name: str) -> None:
    account = tables.account.c
    others = select(func.count()).where(account.role == str(Role.ADMIN), account.name != name)
    if not unit.connection.execute(others).scalar_one():
        raise AccessError(f"user {name}: the last admin stays one; make another first")


def _note(unit: UnitOfWork, change: Change, action: str, about: str, field: str, before: str, after: str) -> None:
    said = AuditRow(change.at_ns, change.by, action, "", field, str(before), str(after), "", about, change.origin)
    registry.add_audit(unit, [said])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _account(row: Found) -> Account:
    return Account(row.name, Role(row.role), row.made_ns)
