"""Station metadata from a file into the network: looked over first, then taken on whole or not at all.

The document is kept as it came, in `.inventory/imported` of the archive's folder: detection needs the stations' places
also while the database is away, and a running daemon takes them on as by a reload. What a list says of agency, contact
and link is the operators', and goes to the database; so does the audit of all of it, in one transaction.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from acquisition.fdsn.documents import imported_path
from configs import Settings
from database import registry
from database.records import AuditRow
from database.store import Store
from houfeng.errors import InventoryError, RegistryError
from houfeng.network import Network, read_network
from stations.card import resolved
from stations.changes import Change, changes
from stations.check import Finding, Severity, check_stationxml
from stations.inventory import Inventory
from stations.lines import cards_of_csv
from stations.reading import WITH_RESPONSES, kind_of, parse_inventory


@dataclass(frozen=True, slots=True)
class Import:
    """One document that may be taken on.

    Parameters
    ----------
    path : where it was read
    kind : as of `stations.reading.kind_of`
    content : of the file
    inventory : what it says
    findings : of the rules for StationXML
    changes : what it changes in the network's stations and epochs
    cards : fields of agency, contact and link that it sets, by station id
    """

    path: Path
    kind: str
    content: bytes
    inventory: Inventory
    findings: list[Finding] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    cards: dict[str, dict[str, str]] = field(default_factory=dict)

    def errors(self, accepted: Collection[str]) -> list[Finding]:
        """Findings that forbid the import, but for rules that somebody accepts."""
        return [each for each in self.findings if each.severity is Severity.ERROR and each.rule not in accepted]


def look_over(path: Path, settings: Settings, network: Network) -> Import:
    """Read a document and say what it changes, without changing anything.

    Parameters
    ----------
    path : of the document
    settings : of the network
    network : as it is

    Raises
    ------
    InventoryError : if it cannot be read; a line for each fault
    RegistryError : if a list speaks of stations that nobody knows
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InventoryError(f"{path}: cannot be read: {error.strerror}") from error
    kind = kind_of(content)
    inventory = parse_inventory(content, str(path))
    documents = inventory.documents if kind in WITH_RESPONSES else ()
    findings = [finding for document in documents for finding in check_stationxml(document.content, str(path))]
    said = _cards(content, path, kind).items()
    cards = {key: resolved(values, settings.agency) for key, values in said if values}
    known = {*network.cards, *inventory.sites}
    strangers = sorted(set(cards) - known)
    if strangers:
        raise RegistryError(f"{path}: stations with a place or known already are needed, {', '.join(strangers)} came")
    if not inventory.sites and not cards:
        raise InventoryError(f"{path}: at least one station is needed, none came")
    after = network
    if inventory.sites:
        target, replaced = imported_path(Path(settings.archive.path), path.name)
        after = read_network(settings, pending={**dict.fromkeys(replaced), target: content})
    return Import(path, kind, content, inventory, findings, changes(network.inventory, after.inventory), cards)


def _cards(content: bytes, path: Path, kind: str) -> dict[str, dict[str, str]]:
    return cards_of_csv(content, str(path)) if kind == "CSV" else {}


def take_on(
    found: Import, settings: Settings, store: Store, *, at_ns: int, by: str, why: str, origin: str = ""
) -> Network:
    """Keep the document, save what it says, and note who did so.

    Parameters
    ----------
    found : looked over, and good enough for the caller
    settings : of the network
    store : of it
    at_ns, by, why, origin : when, ns UTC, who, for what reason, and from where

    Returns
    -------
    network : as it is now

    Raises
    ------
    StoreError : if the database refused: nothing was changed
    InventoryError : if the document cannot be kept: nothing was changed
    """
    stations = {*found.inventory.sites}
    target, replaced = imported_path(Path(settings.archive.path), found.path.name)
    before = ", ".join(path.name for path in replaced)
    rows = [AuditRow(at_ns, by, "import", "", "document", before, _described(found), why, "", origin)]
    rows += [
        AuditRow(at_ns, by, "import", _station(each.what), each.what, "", each.text, why, "", origin)
        for each in found.changes
    ]
    with _kept(target, found.content if stations else None, replaced):
        network = read_network(settings, pending=dict.fromkeys(replaced) if stations else None)
        mine = replace(
            network.inventory,
            sites={key: site for key, site in network.inventory.sites.items() if key in stations},
            epochs=tuple(epoch for epoch in network.inventory.epochs if epoch.source_id.station_id in stations),
            documents=found.inventory.documents if found.kind in WITH_RESPONSES else (),
        )
        with store.begin() as unit:
            unit.save_inventory(mine)
            registry.save_cards(unit, network.cards)
            for station_id, values in found.cards.items():
                registry.set_corrections(
                    unit, station_id, values, at_ns=at_ns, by=by, why=why, action="import", origin=origin
                )
            registry.add_audit(unit, rows)
    return network


@contextmanager
def _kept(target: Path, content: bytes | None, replaced: list[Path]) -> Iterator[None]:
    """A file with this content instead of others, if the block succeeds; else it is gone and they are there."""
    if content is None:
        yield
        return
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise InventoryError(f"{target}: cannot be written: {error.strerror}; nothing was imported") from error
    try:
        yield
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    # A process that ends here leaves both: the newer has the last word, and the next import of that name tidies up.
    for path in replaced:
        path.unlink(missing_ok=True)


def _described(found: Import) -> str:
    n_sites, n_epochs = len(found.inventory.sites), len(found.inventory.epochs)
    sha256 = found.inventory.documents[0].sha256[:16] if found.inventory.documents else ""
    return f"{found.path.name}: {found.kind}, {n_sites} stations, {n_epochs} epochs, {len(found.cards)} cards, {sha256}"


def _station(what: str) -> str:
    """The station of `KR.NRN` or of `KR.NRN.00.BHZ from 2020-01-01`."""
    return ".".join(re.split(r"[. ]", what)[:2])
