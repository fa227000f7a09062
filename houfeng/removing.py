"""Takes an import back: its documents go, what they alone said of stations with them, and all else stays.

Records, picks, events, the history of states, what operators set and the audit are no part of a document: they stay,
and count again when the station comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from acquisition.fdsn.documents import imported_files
from configs import Settings
from database import queries, registry
from database.records import AuditRow
from database.store import Store
from houfeng.errors import InventoryError, RegistryError
from houfeng.network import Network, read_network
from stations.changes import Change, changes
from stations.reading import parse_inventory


@dataclass(frozen=True, slots=True)
class Removal:
    """Imported documents that may be taken back.

    Parameters
    ----------
    documents : files, with the stations that each describes; none where it cannot be read
    before, after : the network with them and without
    """

    documents: Mapping[Path, tuple[str, ...]]
    before: Network
    after: Network

    @property
    def changes(self) -> list[Change]:
        """What is otherwise without them."""
        return changes(self.before.inventory, self.after.inventory)

    @property
    def gone(self) -> tuple[str, ...]:
        """Stations that stand nowhere without them."""
        return tuple(sorted({*self.before.inventory.sites} - {*self.after.inventory.sites}))

    @property
    def asked(self) -> dict[str, tuple[str, ...]]:
        """Stations of these that servers are asked for all the same, and the names of the servers."""
        cards = self.before.cards
        return {name: cards[name].servers for name in self.gone if name in cards and cards[name].servers}


def look_for(names: Iterable[str], settings: Settings) -> Removal:
    """Which documents are meant, and what would be without them; nothing is changed.

    Parameters
    ----------
    names : of documents, as they were imported (`a.xml`) or as they are kept (`000001-a.xml`), or of stations that
        imported documents describe with no others

    Raises
    ------
    RegistryError : if a name means no imported document, or a station whose documents describe others as well
    """
    names = list(dict.fromkeys(names))
    known = {path: _stations(path) for path in imported_files(Path(settings.archive.path))}
    meant: dict[Path, tuple[str, ...]] = {}
    for name in names:
        meant |= {path: known[path] for path in _documents(name, known, names)}
    return Removal(meant, read_network(settings), read_network(settings, pending=dict.fromkeys(meant)))


def _documents(name: str, known: Mapping[Path, tuple[str, ...]], names: list[str]) -> list[Path]:
    by_name = [path for path in known if name in (path.name, path.name.partition("-")[2])]
    if by_name:
        return by_name
    describing = [path for path, stations in known.items() if name in stations]
    if not describing:
        there = ", ".join(path.name for path in known) or "none"
        raise RegistryError(f"{name}: an imported document or a station of one is needed; imported are: {there}")
    for path in describing:
        others = sorted(set(known[path]) - set(names))
        if others:
            raise RegistryError(
                f"{name}: {path.name} describes {', '.join(others[:5])}{' and more' if others[5:] else ''} as well; "
                f"name the document to take all of it back, or import it anew without {name}"
            )
    return describing


def _stations(path: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(parse_inventory(path.read_bytes(), str(path)).sites))
    except (InventoryError, OSError):
        return ()


def take_back(
    found: Removal, settings: Settings, store: Store, *, at_ns: int, by: str, why: str, origin: str = ""
) -> None:
    """Note who did so, save what is without them, then delete the documents.

    A process that dies before the last has changed what a daemon reads anew at its start: doing it again ends it.

    Parameters
    ----------
    found : as `look_for` found it
    settings, store : of the network
    at_ns, by, why, origin : when, ns UTC, who, for what reason, and from where

    Raises
    ------
    StoreError : if the database refused: nothing was changed
    InventoryError : if a document cannot be deleted
    """
    rows = [AuditRow(at_ns, by, "remove", "", "document", path.name, "", why, "", origin) for path in found.documents]
    rows += [
        AuditRow(at_ns, by, "remove", _station(each.what), each.what, "", each.text, why, "", origin)
        for each in found.changes
    ]
    inventory = found.after.inventory
    described = {name for stations in found.documents.values() for name in stations}
    mine = replace(
        inventory,
        sites={name: site for name, site in inventory.sites.items() if name in described},
        epochs=tuple(epoch for epoch in inventory.epochs if epoch.source_id.station_id in described),
        documents=(),
    )
    with store.begin() as unit:
        unit.forget_metadata(described)
        unit.save_inventory(mine)
        registry.save_cards(unit, found.after.cards)
        registry.add_audit(unit, rows)
    for path in found.documents:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise InventoryError(f"{path}: cannot be deleted: {error.strerror}; a reload takes it on again") from error


def what_stays(found: Removal, store: Store) -> list[str]:
    """What is still known of stations that stand nowhere any more: a line each."""
    lines = []
    with store.read() as snapshot:
        for name in found.gone:
            detail = queries.station(snapshot, name)
            said = [f"{len(detail.said)} lines of audit"] if detail is not None and detail.said else []
            servers = found.asked.get(name, ())
            said += [f"asked for at {', '.join(servers)}: records go on coming"] if servers else []
            lines.append("; ".join([f"{name}: archived records, picks and events stay", *said]))
    return lines


def _station(what: str) -> str:
    return ".".join(what.replace(" ", ".").split(".")[:2])
