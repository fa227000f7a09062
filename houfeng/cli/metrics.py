"""`houfeng metrics`: rows of what was measured on channels, by minute, hour and day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from configs import Settings
from database import metric_queries
from database.measures import DAY_NS, TABLES
from database.metric_queries import MetricRow
from database.store import Store
from houfeng.cli.options import Time, config_option, settings_of
from houfeng.cli.printing import format_option, print_rows
from houfeng.day_checks import DayChecks
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.network import load_network
from houfeng.noise import matching
from houfeng.times import format_ns, now_ns
from houfeng.types import SourceId
from stations.health.rules import is_ground_motion
from stations.inventory import Inventory

_COLUMNS = (
    *("channel", "start", "percent_availability", "num_gaps", "max_gap_s", "num_overlaps", "timing_quality"),
    *("percent_locked", "sample_mean", "sample_rms", "num_spikes", "percent_clipped", "percent_flat", "value", "unit"),
)


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
    voltages, temperatures, clocks) have their mean in the unit that StationXML gives; days have the metrics of noise,
    of leaks between components, of polarity and orientation and the flags of their records, too.
    """
    settings = settings_of(config)
    inventory = load_network(settings).inventory
    since_ns = now_ns() - DAY_NS if since is None else since
    store = Store.open(settings.database.url)
    try:
        if update:
            _update(settings, store, inventory if by == "day" else None)
        with store.read() as snapshot:
            rows = [
                _row(source_id, found, inventory)
                for source_id in matching(metric_queries.channels(snapshot), channels)
                for found in metric_queries.rows(snapshot, source_id, by, since_ns, until)
            ]
    finally:
        store.close()
    print_rows("metrics", rows, _COLUMNS, layout)


def _update(settings: Settings, store: Store, inventory: Inventory | None) -> None:
    root = Path(settings.archive.path)
    ArchiveIndex(root, store).update()
    n_channels = Measuring(root, store, settings.metrics, settings.health.full_scale_counts).update(now_ns())
    click.echo(f"{n_channels} channels were measured", err=True)
    if inventory is not None:
        n_days = DayChecks(root, store, settings.metrics.noise_delay_h * 3600).update(inventory, now_ns())
        click.echo(f"{n_days} days of channels were checked", err=True)


def _row(source_id: SourceId, found: MetricRow, inventory: Inventory) -> dict[str, Any]:
    """By the gain that the configuration's StationXML has: the database may know no metadata yet."""
    value, unit = _scaled(source_id, found, inventory)
    start = format_ns(found.start_ns, digits=0)
    return {"channel": str(source_id), "start": start, **found.values, "value": value, "unit": unit}


def _scaled(source_id: SourceId, found: MetricRow, inventory: Inventory) -> tuple[float | None, str]:
    """The mean of a channel of state of health in its unit, by the gain of its time."""
    mean = found.values["sample_mean"]
    if is_ground_motion(source_id.channel) or mean is None:
        return None, ""
    epoch = inventory.epoch_at(source_id, found.start_ns)
    if epoch is None or not epoch.gain:
        return None, ""
    return mean / epoch.gain, epoch.gain_unit
