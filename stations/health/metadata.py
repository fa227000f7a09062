"""What metadata say of a channel at a time, as far as its packets can contradict them."""

from __future__ import annotations

from collections.abc import Iterable

from houfeng.errors import InventoryError
from houfeng.times import parse_ns
from houfeng.types import SourceId
from stations.check import Finding, Severity, check_stationxml
from stations.inventory import ChannelEpoch, Inventory


class Metadata:
    """Channel epochs, and the errors of the documents that they come from.

    Parameters
    ----------
    inventory : of the network; stations without an epoch are known by their place alone, and nothing is asked of them
    findings : of `check_stationxml` about these documents; warnings say nothing
    """

    def __init__(self, inventory: Inventory, findings: Iterable[Finding] = ()) -> None:
        self._inventory = inventory
        self._described = frozenset(epoch.source_id.station_id for epoch in inventory.epochs)
        self._faults: dict[str, list[tuple[int | None, int | None, str]]] = {}
        for finding in findings:
            if finding.severity is Severity.ERROR and finding.path.count(".") == 3:
                begin, _, end = finding.epoch.partition("..")
                self._faults.setdefault(finding.path, []).append((_time(begin), _time(end), finding.rule))

    def is_described(self, station_id: str) -> bool:
        """Whether there are epochs of any channel of a station."""
        return station_id in self._described

    def epoch(self, source_id: SourceId, t_ns: int) -> ChannelEpoch | None:
        """The channel epoch that holds at a time, ns UTC."""
        return self._inventory.epoch_at(source_id, t_ns) if source_id.station_id in self._described else None

    def faults(self, source_id: SourceId, t_ns: int) -> tuple[str, ...]:
        """Rules of `stations.check` that a channel's description breaks at a time, ns UTC; each once, sorted."""
        found = self._faults.get(str(source_id), ())
        return tuple(sorted({rule for begin, end, rule in found if (begin or t_ns) <= t_ns < (end or t_ns + 1)}))


def findings(inventory: Inventory) -> list[Finding]:
    """What the documents of an inventory contradict.

    Raises nothing: a document that cannot be read was reported when it was left out.
    """
    found: list[Finding] = []
    for document in inventory.documents:
        try:
            found += check_stationxml(document.content, document.name)
        except InventoryError:
            continue
    return found


def _time(text: str) -> int | None:
    """The end of an epoch as findings have it: `open` and `?` are none."""
    return parse_ns(text) if text[:1].isdigit() else None
