"""Stations and their channel epochs come back as they were saved."""

from __future__ import annotations

from dataclasses import replace

from database import queries
from database.store import Store
from houfeng.types import SourceId
from stations.inventory import Inventory, Site
from tests.database.conftest import BW

_EHZ2 = SourceId.parse("BW.UH2..EHZ")


def test_inventory_comes_back_as_it_was(store: Store) -> None:
    with store.begin() as unit:
        unit.save_inventory(BW)
    with store.read() as snapshot:
        assert queries.inventory_documents(snapshot) == list(BW.documents)
        detail = queries.station(snapshot, "BW.UH1")
    assert detail is not None
    assert detail.epochs == BW.epochs


def test_a_corrected_epoch_replaces_the_old_one(store: Store) -> None:
    other = Inventory({"BW.UH2": Site("BW.UH2", 1, 2, 3)}, (replace(BW.epochs[0], source_id=_EHZ2),))
    corrected = replace(BW.epochs[0], start_ns=1, end_ns=None)
    with store.begin() as unit:
        unit.save_inventory(BW)
        unit.save_inventory(other)
    with store.begin() as unit:
        unit.save_inventory(Inventory(BW.sites, (corrected,)))
    with store.read() as snapshot:
        details = [queries.station(snapshot, station_id) for station_id in ("BW.UH1", "BW.UH2")]
    assert [detail.epochs for detail in details if detail] == [(corrected,), other.epochs]
