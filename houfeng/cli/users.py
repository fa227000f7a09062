"""`houfeng users`: who may act on the web page, as what, and with which tokens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from database import accounts
from database.accounts import Change
from database.store import Store
from database.unit import UnitOfWork
from houfeng.acting import end_ns
from houfeng.cli.listing import read_database
from houfeng.cli.operator import by_option, origin, who_acts
from houfeng.cli.options import config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.errors import AccessError
from houfeng.passwords import MIN_LENGTH, hashed
from houfeng.roles import Role
from houfeng.times import format_ns, now_ns

T = TypeVar("T")

_name = click.argument("name", metavar="NAME")
_ROLES = "viewer reads; operator also handles alerts and maintenance; engineer also replays; admin does everything."


@click.group()
def users() -> None:
    """Who may act on the web page: accounts, roles and API tokens.

    Passwords are asked for, or read from standard input; they are never on a command line, where others would see them.
    """


@users.command("add")
@_name
@config_option
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True, help=_ROLES)
@by_option
def add(name: str, config: Path | None, role: str, by: str | None) -> None:
    """Make an account; its password is asked for, or read from standard input."""
    password_hash = hashed(_password())
    _change(config, by, lambda unit, change: accounts.add(unit, name, Role(role), password_hash, change))
    click.echo(f"{name}: {role}")


@users.command("list")
@config_option
@format_option
def list_accounts(config: Path | None, layout: str) -> None:
    """List the accounts."""

    def rows(snapshot: accounts.Connection) -> list[dict[str, object]]:
        tokens = accounts.tokens(snapshot)
        return [
            {
                "name": each.name,
                "role": str(each.role),
                "made": format_ns(each.made_ns, digits=0),
                "n_tokens": sum(token.name == each.name for token in tokens),
            }
            for each in accounts.accounts(snapshot)
        ]

    print_rows("users", read_database(config, rows), ("name", "role", "made", "n_tokens"), layout)


@users.command("set")
@_name
@config_option
@click.option("--role", type=click.Choice([str(role) for role in Role]), help=_ROLES)
@click.option("--password", "renew", is_flag=True, help="Ask for another password; all its sessions end.")
@by_option
def set_account(name: str, config: Path | None, role: str | None, renew: bool, by: str | None) -> None:
    """Change what an account may do, or its password."""
    if role is None and not renew:
        raise click.UsageError("nothing to set: give --role or --password")
    password_hash = hashed(_password()) if renew else None

    def work(unit: UnitOfWork, change: Change) -> None:
        if role is not None:
            accounts.change_role(unit, name, Role(role), change)
        if password_hash is not None:
            accounts.change_password(unit, name, password_hash, change)

    _change(config, by, work)
    click.echo(f"{name}: changed")


@users.command("remove")
@_name
@config_option
@by_option
def remove(name: str, config: Path | None, by: str | None) -> None:
    """Remove an account with its tokens and sessions, at once. What it did stays in the audit."""
    _change(config, by, lambda unit, change: accounts.remove(unit, name, change))
    click.echo(f"{name}: removed")


@users.group("token")
def token_group() -> None:
    """API tokens: programs show one instead of a password, and may do what its account may."""


@token_group.command("add")
@_name
@config_option
@click.option("--label", default="", metavar="TEXT", help="What it is for.")
@click.option("--expires", metavar="TIME", help="When it ends: a UTC time, or 8h, 30d from now; never without it.")
@by_option
def add_token(name: str, config: Path | None, label: str, expires: str | None, by: str | None) -> None:
    """Make a token and print it; it is shown this once."""

    def work(unit: UnitOfWork, change: Change) -> str:
        return accounts.add_token(unit, name, label.strip(), change, until_ns=_end_ns(expires, change.at_ns))

    click.echo(_change(config, by, work))


@token_group.command("list")
@config_option
@format_option
def list_tokens(config: Path | None, layout: str) -> None:
    """List the tokens, without their secrets."""
    rows = [
        {
            "id": each.token_id,
            "name": each.name,
            "label": each.label,
            "made": format_ns(each.made_ns, digits=0),
            "ends": None if each.until_ns is None else format_ns(each.until_ns, digits=0),
        }
        for each in read_database(config, accounts.tokens)
    ]
    print_rows("tokens", rows, ("id", "name", "label", "made", "ends"), layout)


@token_group.command("revoke")
@click.argument("token_id", metavar="ID")
@config_option
@by_option
def revoke(token_id: str, config: Path | None, by: str | None) -> None:
    """Make a token worthless, at once."""
    known = _change(config, by, lambda unit, change: accounts.revoke_token(unit, token_id, change))
    click.echo(f"{known.token_id} of {known.name}: revoked")


def _change(config: Path | None, by: str | None, work: Callable[[UnitOfWork, Change], T]) -> T:
    change = Change(now_ns(), who_acts(by), origin())
    store = Store.open(settings_of(config).database.url)
    try:
        with store.begin() as unit:
            return work(unit, change)
    finally:
        store.close()


def _end_ns(text: str | None, at_ns: int) -> int | None:
    try:
        return end_ns(text, at_ns) if text else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--expires") from None


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt(
            f"Password, {MIN_LENGTH} characters or more", hide_input=True, confirmation_prompt=True
        )
        return asked
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise AccessError("password: a line on standard input is needed, it was empty")
    return line
