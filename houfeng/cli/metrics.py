"""`houfeng metrics`: rows of what was measured on channels, by minute, hour and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from configs import Settings
from database import measures, noise_days
from database.measures import DAY_NS, HOUR_NS, TABLES
from database.store import Store
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.network import load_network
from houfeng.noise import matching
from houfeng.times import NS_PER_S, format_ns, now_ns, parse_ns
from houfeng.types import SourceId
from stations.health.measures import MINUTE_NS, Measures
from stations.health.rules import is_ground_motion
from stations.inventory import Inventory

_COLUMNS = (
    *("channel", "start", "percent_availability", "num_gaps", "max_gap_s", "num_overlaps", "timing_quality"),
    *("percent_locked", "sample_mean", "sample_rms", "num_spikes", "n_clipped", "n_flat", "value", "unit"),
)
_LENGTH_NS = {"minute": MINUTE_NS, "hour": HOUR_NS, "day": DAY_NS}


@click.command()
@click.argument("channels", nargs=-1, metavar="[NET.STA.LOC.CHA]...")
@config_option
@format_option
@click.option("--by", type=click.Choice(list(TABLES)), default="hour", show_default=True, help="How long a row is.")
@click.option("--since", type=Time(), metavar="TIME", help="Only rows from this UTC time on.  [default: a day back]")
@click.option("--until", type=Time(), metavar="TIME", help="Only rows before this UTC time.")
@click.option("--update", is_flag=True, help="Measure what was archived first, as the daemon does every minute.")
def metrics(
    channels: Sequence[str],
    config: Path | None,
    layout: str,
    by: str,
    since: int | None,
    until: int | None,
    update: bool,
) -> None:
    """What was measured on the records of channels, by minute, hour or day.

    For all channels, or those that match a pattern (* and ? allowed). Channels of state of health (mass positions,
    voltages, temperatures, clocks) have their mean in the unit that StationXML gives; days have the metrics of noise.
    """
    settings = settings_of(config)
    inventory = load_network(settings).inventory
    since_ns = now_ns() - DAY_NS if since is None else since
    store = Store.open(settings.database.url)
    try:
        if update:
            _update(settings, store)
        with store.read() as snapshot:
            rows = [
                _row(source_id, found, by, inventory)
                for source_id in matching(measures.channels(snapshot, TABLES[by]), channels)
                for found in measures.read(snapshot, TABLES[by], source_id, since_ns, until)
            ]
            if by == "day":
                rows = [row | _noise(snapshot, row) for row in rows]
    finally:
        store.close()
    print_rows("metrics", rows, _COLUMNS, layout)


def _noise(snapshot: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """The metrics of a day's noise; None where it was not made, or there is no response."""
    day_ns = parse_ns(row["start"])
    found = noise_days.read(snapshot, SourceId.parse(row["channel"]), day_ns, day_ns + 1)
    return dict.fromkeys(noise_days.METRICS) | next((dict(each.metrics) for each in found if each.day_ns == day_ns), {})


def _update(settings: Settings, store: Store) -> None:
    root = Path(settings.archive.path)
    ArchiveIndex(root, store).update()
    n_channels = Measuring(root, store, settings.metrics, settings.health.full_scale_counts).update(now_ns())
    click.echo(f"{n_channels} channels were measured", err=True)


def _row(source_id: SourceId, found: Measures, by: str, inventory: Inventory) -> dict[str, Any]:
    values = asdict(found)
    start_ns = values.pop("start_ns")
    value, unit = _scaled(source_id, found, inventory)
    return {
        "channel": str(source_id),
        "start": format_ns(start_ns, digits=0),
        "percent_availability": 100 * values.pop("covered_ns") / _LENGTH_NS[by],
        "max_gap_s": values.pop("max_gap_ns") / NS_PER_S,
        "percent_locked": 100 * found.n_locked / found.n_records if found.n_records else None,
        **values,
        "value": value,
        "unit": unit,
    }


def _scaled(source_id: SourceId, found: Measures, inventory: Inventory) -> tuple[float | None, str]:
    """The mean of a channel of state of health in its unit, by the gain of its time."""
    if is_ground_motion(source_id.channel) or found.sample_mean is None:
        return None, ""
    epoch = inventory.epoch_at(source_id, found.start_ns)
    if epoch is None or not epoch.gain:
        return None, ""
    return found.sample_mean / epoch.gain, epoch.gain_unit
