"""Recorded waveforms for those who look at events: packets out of files, made into stretches, and who looks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from configs import Settings
from detection.inspection.agenda import Agenda
from detection.inspection.inspector import Inspector
from detection.inspection.looking import Lookout
from detection.inspection.stretches import stretches
from detection.inspection.waveforms import Waveforms
from detection.location.locator import Locator
from detection.magnitude.magnitudes import Magnitudes
from houfeng.stretch import Stretch
from houfeng.types import Packet, SourceId
from stations.inventory import Inventory
from stations.responsexml import Responses

# Packets of some streams that hold samples between two times, ns UTC.
Reader = Callable[[Collection[SourceId], int, int], Iterable[Packet]]


class RecordedWaveforms:
    """Waveforms out of records, such as `acquisition.waveform_files` reads them.

    Parameters
    ----------
    reader : gives the packets of a window
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(
        self, source_ids: Collection[SourceId], start_ns: int, end_ns: int
    ) -> Mapping[SourceId, tuple[Stretch, ...]]:
        """As `Waveforms.read`.

        Raises
        ------
        HoufengError : if what is kept cannot be read just now
        """
        packets: dict[SourceId, list[Packet]] = {}
        for packet in self._reader(source_ids, start_ns, end_ns):
            packets.setdefault(packet.source_id, []).append(packet)
        found = {source_id: stretches(packets[source_id], start_ns, end_ns) for source_id in sorted(packets)}
        return {source_id: each for source_id, each in found.items() if each}


def lookout_of(
    settings: Settings,
    inventory: Inventory,
    locator: Locator,
    waveforms: Waveforms,
    physical: Collection[SourceId] = (),
) -> Lookout:
    """Who looks at the events of a run, as its settings say.

    Parameters
    ----------
    physical : channels whose samples are no counts: the response in the metadata is not theirs, and no magnitude is
        made of them
    """
    counting = replace(inventory, epochs=tuple(each for each in inventory.epochs if each.source_id not in physical))
    inspection, association = settings.inspection, settings.association
    agenda = Agenda(inspection, memory_s=association.memory_s, min_stations=association.min_stations)
    magnitudes = Magnitudes(settings.magnitude, Responses(counting))
    return Lookout(Inspector(inspection, locator, inventory, magnitudes), waveforms, agenda)
