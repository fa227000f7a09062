"""`houfeng stations show`: all that is known of one station."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from database import queries
from database.records import StationDetail
from houfeng import shapes
from houfeng.cli.listing import read_database
from houfeng.cli.options import config_option, settings_of
from houfeng.errors import InventoryError, RegistryError
from houfeng.network import read_network
from houfeng.times import format_ns, now_ns
from stations.inventory import ChannelEpoch
from stations.responsexml import Responses


@click.command("show", short_help="Show one station: status, use, agency, epochs.")
@click.argument("station_id", metavar="NET.STA")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_station(station_id: str, config: Path | None, as_json: bool) -> None:
    """Show one station: status, use, agency, links and servers, channel epochs with their responses, and changes."""
    detail = read_database(config, lambda snapshot: queries.station(snapshot, station_id, seen_at_ns=now_ns()))
    if detail is None:
        raise RegistryError(f"{station_id}: NET.STA is needed, as `houfeng stations list` has it")
    responses = Responses(read_network(settings_of(config)).inventory)
    said = [_response(responses, epoch) for epoch in detail.epochs]
    if as_json:
        shaped: dict[str, Any] = {**shapes.station_detail(detail)}
        for epoch, response in zip(shaped["epochs"], said, strict=True):
            epoch["response"] = response
        click.echo(json.dumps(shaped, ensure_ascii=False, indent=2))
        return
    for line in _lines(detail, said):
        click.echo(line)


def _response(responses: Responses, epoch: ChannelEpoch) -> str:
    """A response in a line, or why there is none."""
    try:
        found = responses.at(epoch.source_id, epoch.start_ns)
    except InventoryError as error:
        return str(error).rpartition(": ")[2]
    sensitivity = f"{found.sensitivity:.6g} counts per {found.unit} at {found.sensitivity_hz:g} Hz"
    return f"{sensitivity}, {len(found.stages)} stages with poles, zeros or coefficients"


def _lines(detail: StationDetail, responses: list[str]) -> Iterator[str]:
    row, card = detail.station, detail.card
    yield " ".join(filter(None, (row.station_id, row.name, row.country and f"({row.country})")))
    if row.latitude_deg is not None:
        yield f"  position   {row.latitude_deg:.5f}, {row.longitude_deg:.5f} deg, {row.elevation_m:g} m"
    yield f"  status     {row.state}{row.reason and f': {row.reason}'}"
    yield f"  score      {'-' if row.score is None else row.score}{', flapping' if row.flapping else ''}"
    for taken in row.deductions:
        yield f"    {taken}"
    yield f"  usage      {_usage(detail)}"
    for label, value in (
        ("agency", card.agency),
        ("contact", card.contact),
        ("network", card.network),
        ("link", card.link),
        ("servers", ", ".join(card.servers)),
    ):
        yield f"  {label:10} {value or '-'}"
    yield f"  epochs     {len(detail.epochs)}"
    for epoch, response in zip(detail.epochs, responses, strict=True):
        end = "open" if epoch.end_ns is None else format_ns(epoch.end_ns, digits=0)
        angles = " ".join(
            f"{name} {value:g}"
            for name, value in (("azimuth", epoch.azimuth_deg), ("dip", epoch.dip_deg))
            if value is not None
        )
        yield f"    {epoch.source_id} {format_ns(epoch.start_ns, digits=0)}..{end} {epoch.sample_rate_hz:g} Hz {angles}"
        yield f"      {response}"
    if detail.said:
        yield "  changes by operators, newest first"
    for said in detail.said:
        change = f"{said.field}: {said.before or '-'} -> {said.after or '-'}"
        yield f"    {format_ns(said.at_ns, digits=0)} {said.who} {change} ({said.why or 'no reason given'})"


def _usage(detail: StationDetail) -> str:
    row = detail.station
    until = "" if row.usage_until_ns is None else f" until {format_ns(row.usage_until_ns, digits=0)}"
    by = f", {row.usage_by}: {row.usage_why}" if row.usage_by else ", as configured"
    return f"{row.usage or 'unknown'}{until}{by}"
