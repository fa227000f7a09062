"""A replay on a Dask cluster: the same as in one process, whatever becomes of a worker."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster

from database.records import Run
from houfeng.errors import DetectionError
from houfeng.replaying import Step
from houfeng.replays import fan, scheduled
from tests.houfeng.test_looking import Rows
from tests.houfeng.test_replays import folder, in_one_go, replayed, small_steps

__all__ = ["folder", "in_one_go", "small_steps"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers of one thread on free ports."""
    quiet = {"silence_logs": logging.CRITICAL, "dashboard_address": None}
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", **quiet) as running:
        yield running


def pids(cluster: LocalCluster) -> list[int]:
    return [worker.process.pid for worker in cluster.workers.values()]


def test_a_killed_worker_loses_nothing(
    cluster: LocalCluster,
    folder: Path,
    tmp_path: Path,
    in_one_go: tuple[Run, Rows],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fan, "_SLICE_BYTES", 1 << 14)
    killed: list[int] = []

    def step(_: Step) -> None:
        if not killed:
            killed.append(pids(cluster)[0])
            os.kill(killed[0], signal.SIGKILL)

    run, rows = replayed(tmp_path / "test.db", folder, scheduler=cluster.scheduler_address, progress=step)
    assert killed
    assert (run.result_hash, run.input_hash, rows) == (in_one_go[0].result_hash, in_one_go[0].input_hash, in_one_go[1])


_SCHEDULER = """
import logging
from distributed import LocalCluster
if __name__ == "__main__":
    quiet = {"silence_logs": logging.CRITICAL, "dashboard_address": None}
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", **quiet) as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""


def test_a_replay_whose_scheduler_dies_says_so_and_goes_on_later(
    folder: Path, tmp_path: Path, in_one_go: tuple[Run, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan, "_SLICE_BYTES", 1 << 14)
    (tmp_path / "scheduler.py").write_text(_SCHEDULER)
    steps: list[int] = []
    command = [sys.executable, str(tmp_path / "scheduler.py")]
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),  # 30 s of trying to find it again
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as scheduler,
    ):
        assert scheduler.stdout is not None
        address = scheduler.stdout.readline().strip()

        def step(done: Step) -> None:
            steps.append(done.n_records)
            if len(steps) == 1:
                scheduler.kill()
                scheduler.wait()

        with pytest.raises(DetectionError, match=f"{address}: the scheduler has gone; the same replay started again"):
            replayed(tmp_path / "test.db", folder, scheduler=address, progress=step)
    skipped: list[Step] = []
    run, rows = replayed(tmp_path / "test.db", folder, skipped=skipped.append)
    assert skipped
    assert (run.result_hash, run.input_hash, rows) == (in_one_go[0].result_hash, in_one_go[0].input_hash, in_one_go[1])


# `houfeng replay` as it is typed; what came first of the records has the process of a pid killed.
_TYPED = """
import os, signal, sys
from contextlib import suppress
from houfeng.cli import main, replay
from houfeng.replays import fan
pid, folder, address = sys.argv[1:]

def kill(*_):
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGKILL)

if __name__ == "__main__":
    fan._SLICE_BYTES = 1 << 14
    replay._Progress.advance = kill
    main(["replay", folder, "--scheduler", address])
"""
# Such a task kills every worker that takes it.
_DEADLY = """
import logging, signal, sys
from houfeng.errors import DetectionError
from houfeng.replays.scheduled import Scheduled
if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    with Scheduled(sys.argv[1]) as crew:
        try:
            crew.finish(signal.raise_signal, [signal.SIGKILL], crew.begin(signal.raise_signal, [signal.SIGKILL]))
        except DetectionError as error:
            print(error)
"""


def run_script(tmp_path: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "script.py").write_text(script)
    environment = os.environ | {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    command = [sys.executable, str(tmp_path / "script.py"), *words]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_of_a_killed_scheduler_one_line_is_on_standard_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "scheduler.py").write_text(_SCHEDULER)
    command = [sys.executable, str(tmp_path / "scheduler.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as scheduler:
        assert scheduler.stdout is not None
        address = scheduler.stdout.readline().strip()
        typed = run_script(tmp_path, _TYPED, str(scheduler.pid), str(folder), address)
    said = [line for line in typed.stderr.splitlines() if "nothing says where they stand" not in line]
    assert said == [f"houfeng: {address}: the scheduler has gone; the same replay started again goes on where it was"]
    assert typed.returncode == 2
    assert not typed.stdout


def test_of_workers_killed_again_and_again_one_line_is_said(cluster: LocalCluster, tmp_path: Path) -> None:
    done = run_script(tmp_path, _DEADLY, cluster.scheduler_address)
    assert done.stdout.startswith(f"{cluster.scheduler_address}: workers died again and again on the same records")
    assert len(done.stdout.splitlines()) == 1
    assert not done.stderr


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://host"])
def test_an_address_that_is_none_is_told_at_once(address: str) -> None:
    with pytest.raises(DetectionError, match=r"--scheduler: tcp://HOST:PORT is needed, .*; '.*' came"):
        scheduled.Scheduled(address)


def test_a_worker_of_another_release_is_refused() -> None:
    assert scheduled.done(len, (1, 2), scheduled.release()) == 2
    with pytest.raises(DetectionError, match=r"a worker has Houfeng \d.* SciPy .*: Houfeng 9\.9 is needed"):
        scheduled.done(len, (1, 2), "Houfeng 9.9")


def test_no_scheduler_is_told_by_its_address(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setattr(scheduled, "_PATIENCE_S", 0.5)
    with pytest.raises(DetectionError, match=f"{address}: no Dask scheduler answers"):
        replayed(tmp_path / "test.db", folder, scheduler=f"tcp://{address}")


def test_dask_is_imported_for_those_who_ask_only(tmp_path: Path) -> None:
    """Where it is not installed everything else works, and whoever asks for it learns how to install it."""
    (tmp_path / "distributed.py").write_text("raise ImportError('it is not there')")
    script = (
        "import sys; import houfeng.replaying; from houfeng.replays.scheduled import Scheduled\n"
        "assert not {'dask', 'distributed'} & set(sys.modules)\n"
        "Scheduled('tcp://host:8786')"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    asked = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert "tcp://host:8786: Dask is needed, it is not installed: pip install 'houfeng[scale]'" in asked.stderr
    assert "extra == 'scale'" in "".join(metadata.requires("houfeng") or [])
