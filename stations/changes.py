"""What changed between two inventories, in words: the epochs that came, went, or say something else now."""

from __future__ import annotations

from dataclasses import dataclass, fields

from houfeng.times import format_ns
from houfeng.types import SourceId
from stations.inventory import ChannelEpoch, Inventory

_UNITS = {"_deg": " deg", "_m": " m", "_hz": " Hz"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `what` is the station or channel with its epoch, `text` the difference."""

    what: str
    text: str


def changes(old: Inventory, new: Inventory) -> list[Change]:
    """Differences in sites and channel epochs, by station and channel; none when only the documents' text differs.

    An epoch is the same one when channel and start agree.
    """
    found: list[tuple[str, Change]] = []
    for station_id in sorted({*old.sites, *new.sites}):
        before, after = old.sites.get(station_id), new.sites.get(station_id)
        found += [(station_id, Change(station_id, text)) for text in _differences(before, after)]
    epochs = _by_key(old), _by_key(new)
    for key in sorted({*epochs[0], *epochs[1]}):
        source_id, start_ns = key
        what = f"{source_id} from {format_ns(start_ns, digits=0)}"
        texts = _differences(epochs[0].get(key), epochs[1].get(key))
        found += [(source_id.station_id, Change(what, text)) for text in texts]
    return [change for _, change in sorted(found, key=lambda each: each[0])]


def _by_key(inventory: Inventory) -> dict[tuple[SourceId, int], ChannelEpoch]:
    return {(epoch.source_id, epoch.start_ns): epoch for epoch in inventory.epochs}


def _differences(old: object, new: object) -> list[str]:
    if old is None:
        return ["is new"]
    if new is None:
        return ["is gone"]
    texts = []
    for field in fields(old):  # type: ignore[arg-type]  # both are dataclasses of one kind
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after:
            texts.append(f"{_label(field.name)}: {_shown(field.name, before)} -> {_shown(field.name, after)}")
    return texts


def _label(name: str) -> str:
    stem, _, unit = name.rpartition("_")
    return (stem if f"_{unit}" in _UNITS or unit == "ns" else name).replace("_", " ")


def _shown(name: str, value: object) -> str:
    if value is None:
        return "open" if name == "end_ns" else "none"
    if name.endswith("_ns"):
        return format_ns(int(str(value)), digits=0)
    unit = _UNITS.get(f"_{name.rpartition('_')[2]}", "")
    return f"{value:g}{unit}" if name == "gain" else f"{value}{unit}"
