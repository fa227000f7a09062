"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.postgresql import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url", "shared_data"]

ROOT = Path(__file__).parent.parent

# Folders whose tests wait for processes and clocks: begun first, they do not keep one worker busy alone at the end.
SLOW = ("tests/faults/", "tests/e2e/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW))


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Folder of real records by name; the test is skipped where the records are absent.

    They are too large and too variously licensed to live in the repository: HOUFENG_DATA names their folder, and
    `../shared/data` beside the checkout is looked at when it is unset.
    """
    base = Path(os.environ.get("HOUFENG_DATA", ROOT.parent / "shared" / "data"))

    def folder(name: str) -> Path:
        path = base / name
        if not path.is_dir():
            pytest.skip(f"real records {name} are absent: set HOUFENG_DATA to the folder that holds them")
        return path

    return folder
