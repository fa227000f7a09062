"""`houfeng alerts`: what is wrong, what was done about it, and who was told."""

from __future__ import annotations

import json
from pathlib import Path

import click

from database import alert_queries
from database.accounts import Change
from database.store import Store
from houfeng import alert_shapes
from houfeng.acting import handle
from houfeng.alerting.message import test_message
from houfeng.alerting.senders import send
from houfeng.cli.listing import limit_option, open_database, read_database, since_option
from houfeng.cli.operator import Span, by_option, origin, who_acts
from houfeng.cli.options import config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.errors import AlertError
from houfeng.times import format_ns, now_ns, seconds_ns
from houfeng.types import public_id
from stations.alerts.alert import Step
from stations.alerts.words import Action

_COLUMNS = ("state", "severity", "about", "n_stations", "opened", "cause", "assignee", "id", "evidence")


_id = click.argument("alert_id", metavar="ID")
_why = click.option("--why", required=True, metavar="TEXT", help="The reason, for the next shift.")


@click.group("alerts")
def alerts_group() -> None:
    """Alerts: list and handle them, and see who was told."""


@alerts_group.command("list")
@config_option
@format_option
@click.option("--all", "every", is_flag=True, help="Closed ones as well.")
@since_option
@limit_option
def list_alerts(config: Path | None, layout: str, every: bool, since: int | None, limit: int) -> None:
    """List the open alerts, the worst first."""
    at_ns = now_ns()

    def query(snapshot: alert_queries.Connection) -> list[alert_queries.AlertRow]:
        return alert_queries.alerts(snapshot, only_open=not every, since_ns=since, limit=limit)

    rows = [alert_shapes.alert(row, at_ns) for row in read_database(config, query)]
    print_rows("alerts", rows, _COLUMNS, layout)


@alerts_group.command("show")
@config_option
@_id
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_alert(config: Path | None, alert_id: str, as_json: bool) -> None:
    """Show an alert: evidence, stations, history, and who was told. The beginning of the ID will do."""
    detail = read_database(config, lambda snapshot: alert_queries.alert(snapshot, alert_id))
    shaped = alert_shapes.alert_detail(detail, now_ns())
    if as_json:
        click.echo(json.dumps(shaped, ensure_ascii=False, indent=2))
        return
    for name in ("id", "about", "severity", "state", "opened", "closed", "cause", "evidence", "assignee"):
        click.echo(f"{name:9} {shaped[name] or '—'}")
    missing = [child["station"] for child in shaped["children"] if child["left"] is None]
    if shaped["children"]:
        click.echo(f"stations  {len(shaped['children'])}, {len(missing)} not back: {' '.join(missing) or '—'}")
    click.echo("\nHistory")
    for step in shaped["steps"]:
        whom = f" to {step['assignee']}" if step["assignee"] else ""
        until = f" until {step['until']}" if step["until"] else ""
        click.echo(f"  {step['time']}  {step['action']}{whom}{until} by {step['who']}: {step['why']}")
    click.echo("\nDeliveries" if shaped["deliveries"] else "\nNobody was told")
    for each in shaped["deliveries"]:
        click.echo(
            f"  {each['step']} to {each['recipient']}: {each['state']}, {each['n_tries']} tries: {each['answer']}"
        )


@alerts_group.command("acknowledge", short_help="Say that you see to an alert.")
@config_option
@_id
@by_option
@_why
def acknowledge(config: Path | None, alert_id: str, by: str | None, why: str) -> None:
    """Say that you have seen an alert and see to it: it is not escalated any more."""
    _act(config, alert_id, Action.ACKNOWLEDGED, by, why)


@alerts_group.command("silence", short_help="Tell nobody of an alert for a time.")
@config_option
@_id
@click.option("--for", "span_s", type=Span(), required=True, help="How long, such as 30min, 8h or 2d.")
@by_option
@_why
def silence(config: Path | None, alert_id: str, span_s: float, by: str | None, why: str) -> None:
    """Tell nobody of an alert for a time; its end is told all the same."""
    _act(config, alert_id, Action.SILENCED, by, why, span_s=span_s)


@alerts_group.command("assign")
@config_option
@_id
@click.argument("assignee", metavar="NAME")
@by_option
@_why
def assign(config: Path | None, alert_id: str, assignee: str, by: str | None, why: str) -> None:
    """Say who sees to an alert."""
    _act(config, alert_id, Action.ASSIGNED, by, why, assignee=assignee.strip())


@alerts_group.command("comment")
@config_option
@_id
@click.argument("text", metavar="TEXT")
@by_option
def comment(config: Path | None, alert_id: str, text: str, by: str | None) -> None:
    """Say something about an alert, for the next shift."""
    _act(config, alert_id, Action.COMMENTED, by, text)


@alerts_group.command("close")
@config_option
@_id
@by_option
@_why
def close(config: Path | None, alert_id: str, by: str | None, why: str) -> None:
    """Close an alert by hand. What it is about raises no other before it has been well."""
    _act(config, alert_id, Action.CLOSED, by, why)


@alerts_group.command("test", short_help="Send a test message to a recipient.")
@config_option
@click.argument("recipient", metavar="RECIPIENT")
def test_recipient(config: Path | None, recipient: str) -> None:
    """Send a test message to a recipient of the configuration, and print what the other side answered."""
    settings = settings_of(config)
    known = {each.name: each for each in settings.recipient}
    if recipient not in known:
        names = ", ".join(known) or "none"
        raise AlertError(f"{recipient}: a recipient of the configuration is needed, it has {names}")
    at_ns = now_ns()
    content = test_message(public_id("delivery", "test", recipient, at_ns), at_ns)
    answer = send(known[recipient], content, settings.smtp, settings.delivery.timeout_s)
    click.echo(f"{recipient}: taken: {answer}")


def _act(
    config: Path | None,
    alert_id: str,
    action: Action,
    by: str | None,
    why: str,
    *,
    span_s: float = 0.0,
    assignee: str = "",
) -> None:
    change = Change(now_ns(), who_acts(by), origin())
    until_ns = change.at_ns + seconds_ns(span_s) if span_s else None

    def act(store: Store) -> Step:
        with store.begin() as unit:
            return handle(unit, alert_id, action, why, change, until_ns=until_ns, assignee=assignee)

    step = open_database(config, act)
    until = f" until {format_ns(until_ns, digits=0)}" if until_ns is not None else ""
    click.echo(f"{step.alert_id} {action}{f' to {assignee}' if assignee else ''}{until} by {change.by}")
