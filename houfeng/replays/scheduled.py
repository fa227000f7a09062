"""Tasks of a replay on the workers of a Dask scheduler; Dask is imported when a replay asks for one, not before."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from importlib.metadata import version
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from houfeng import __version__
from houfeng.errors import DetectionError
from houfeng.replays.crews import Answer, Given

if TYPE_CHECKING:
    from distributed import Client, Future

_PATIENCE_S = 30
_ADDRESS = re.compile(r"(tcp|tls)://\S+:\d+")
# When a scheduler goes they write tracebacks on top of the one line that says so.
_QUIET = ("distributed.client", "distributed.utils")
_INSTALL = "pip install 'houfeng[scale]'"


class Scheduled:
    """A crew of the workers of a Dask scheduler: when one of them dies Dask has its tasks done by others.

    Every worker needs this release of Houfeng and the records under the same path; it writes nothing.

    Parameters
    ----------
    address : of the scheduler, `tcp://HOST:8786`

    Raises
    ------
    DetectionError : if Dask is not installed, or there is no scheduler or no worker within half a minute
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise DetectionError(f"--scheduler {address}: Dask is needed, it is not installed: {_INSTALL}") from error
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._address = address
        if not _ADDRESS.fullmatch(address):
            raise DetectionError(
                f"--scheduler: tcp://HOST:PORT is needed, as `dask scheduler` prints it; {address!r} came"
            )
        try:
            self._client: Client = Client(address, timeout=_PATIENCE_S, set_as_default=False)
        except (OSError, ValueError) as error:  # its time-outs are among the first
            raise DetectionError(f"{address}: no Dask scheduler answers: {error}") from error
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
        except OSError as error:
            self._client.close()
            raise DetectionError(
                f"{address}: the scheduler has no worker: start some with `dask worker {address}`"
            ) from error

    @property
    def n_workers(self) -> int:
        """Tasks that its workers do at once, now."""
        n_threads: dict[str, int] = self._client.nthreads()
        return max(sum(n_threads.values()), 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def begin(self, work: Callable[[Given], Answer], tasks: Sequence[Given]) -> list[Future[Answer]]:
        """Have tasks done, and go on meanwhile."""
        needed = release()
        return [self._client.submit(done, work, task, needed, pure=False) for task in tasks]

    def finish(
        self, work: Callable[[Given], Answer], tasks: Sequence[Given], begun: list[Future[Answer]]
    ) -> list[Answer]:
        """What came of tasks that were begun, in their order.

        Raises
        ------
        DetectionError : if workers died again and again, the scheduler has gone, or a worker cannot do such tasks
        """
        from distributed import CancelledError, KilledWorker

        try:
            return [future.result() for future in begun]
        except KilledWorker as error:
            raise DetectionError(
                f"{self._address}: workers died again and again on the same records: is there enough memory? {error}"
            ) from error
        except CancelledError as error:
            raise DetectionError(
                f"{self._address}: the scheduler has gone; the same replay started again goes on where it was"
            ) from error
        except FileNotFoundError as error:
            raise DetectionError(
                f"{self._address}: a worker has no {error.filename}: all need the records under the same path"
            ) from error


def release() -> str:
    """Whose figures these are: what the last bits of a figure hang on."""
    return f"Houfeng {__version__} with NumPy {version('numpy')} and SciPy {version('scipy')}"


def done(work: Callable[[Any], Answer], task: Any, needed: str) -> Answer:
    """A task on a worker, whose figures might be others if its releases were."""
    if (mine := release()) != needed:
        raise DetectionError(f"a worker has {mine}: {needed} is needed")
    return work(task)
