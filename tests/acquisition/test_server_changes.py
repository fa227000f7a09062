"""Changes in a folder are heard of at once, in any way the system allows."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.server import changes
from acquisition.server.changes import Changes


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is told of ends a waiting early."""
    for name in ("_TOLD_S", "_HURRY_S", "_QUIET_S"):
        monkeypatch.setattr(changes, name, 20.0)


@pytest.fixture
def watched(tmp_path: Path, slow: None) -> Iterator[Changes]:
    with Changes(tmp_path) as one:
        one.wait(hurry=True)  # begins to watch, and says at once that there may be something
        yield one


def seconds(changes: Changes) -> float:
    t = time.monotonic()
    changes.wait(hurry=True)
    return time.monotonic() - t


def test_a_write_in_place_ends_the_waiting(watched: Changes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    assert seconds(watched) < 15  # of 20 s that it would wait
    with path.open("r+b", buffering=0) as file:
        timer = threading.Timer(0.1, file.write, [b"x"])
        t = time.monotonic()
        timer.start()
        watched.wait(hurry=True)
        assert 0.1 <= time.monotonic() - t < 15  # of 20 s that it would wait
        timer.join()


def test_wake_ends_the_waiting(watched: Changes) -> None:
    for _ in range(3):
        timer = threading.Timer(0.05, watched.wake)
        timer.start()
        assert seconds(watched) < 15  # of 20 s that it would wait
        timer.join()


def test_a_folder_that_is_made_anew_is_watched_again(tmp_path: Path, slow: None) -> None:
    folder = tmp_path / "later"
    with Changes(folder) as one:
        one.wake()
        one.wait(hurry=True)
        for _ in range(2):
            folder.mkdir()
            assert seconds(one) < 15  # of 20 s that it would wait
            (folder / "a").touch()
            assert seconds(one) < 15  # of 20 s that it would wait
            shutil.rmtree(folder)
            assert seconds(one) < 15  # of 20 s that it would wait


def test_a_file_system_that_tells_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(changes, "_TOLD_S", 0.01)
    monkeypatch.setattr(changes, "_QUIET_S", 20.0)
    with caplog.at_level("INFO"), Changes(tmp_path) as one:
        one.wait(hurry=True)
        for n in range(5):
            assert ("does not tell of changes" in caplog.text) is (n == 4)
            one.wait(hurry=True)
            one.found()  # though nobody has written
        assert seconds(one) < 15  # of 20 s that it would wait
        timer = threading.Timer(0.05, one.wake)
        timer.start()
        one.wait(hurry=False)
        timer.join()


def test_what_was_told_of_is_not_held_against_the_file_system(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"), Changes(tmp_path) as one:
        one.wait(hurry=True)
        for n in range(10):
            (tmp_path / str(n)).touch()
            one.wait(hurry=True)
            one.found()
            one.found()
    assert "does not tell" not in caplog.text
