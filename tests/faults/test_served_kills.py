"""A centre behind ours, with our own client: servers and daemons are killed between the two, numbers begin anew."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from acquisition import mseed
from acquisition.server import SeedLinkServer, segments
from configs import load
from database import queries
from database.store import Store
from houfeng.times import now_ns
from tests.acquisition.archive_writer import Writer
from tests.faults.test_seedlink_faults import RECORDS, filled, receiving
from tests.plugins.daemon import daemon, free_port, wait_for
from tests.plugins.proxy import FaultProxy

PACKETS = [mseed.decode(raw) for raw in RECORDS]


@contextmanager
def serving(config: Path, port: int) -> Iterator[None]:
    """`houfeng serve seedlink`, killed without mercy at the end."""
    command = [sys.executable, "-m", "houfeng", "serve", "seedlink", str(config), "--port", str(port)]
    log = config.parent / "serve.log"
    with log.open("wb") as said, subprocess.Popen(command, stderr=said) as process:
        try:
            wait_for("a server", lambda: is_listening(port), 60, shown=log)
            yield
        finally:
            process.kill()


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def saved_ns(config: Path) -> int:
    """How far a restart would take the station to be received; its number belongs to a server that is gone."""
    with closing(Store.open(load(config).database.url)) as store, store.read() as snapshot:
        cursor = queries.cursors(snapshot, "up").get("XX.TEST")
    return cursor.last_ns if cursor else 0


def test_a_centre_behind_a_server_that_is_killed_loses_nothing_and_keeps_nothing_twice(tmp_path: Path) -> None:
    """The last server begins with a ledger that was wiped: what it numbers anew is what comes from then on."""
    port, root = free_port(), tmp_path / "archive"
    config = tmp_path / "houfeng.toml"
    config.write_text(f'[archive]\npath = "{root}"\n[database]\nurl = "sqlite:///{tmp_path}/db"\n')
    with receiving(tmp_path / "behind", f"127.0.0.1:{port}", retry_max_s=0.2) as receiver:
        with closing(Writer(root, clock_ns=now_ns())) as writer:
            for first in (0, 150):
                with serving(config, port):
                    for n in range(first, first + 100):
                        writer.write(PACKETS[n : n + 1])
                    receiver.wait_until(lambda: receiver.archived().total() > first, 20)  # noqa: B023
                for n in range(first + 100, first + 150):  # while there is no server
                    writer.write(PACKETS[n : n + 1])
            with serving(config, port):
                receiver.wait_for(RECORDS[:300])
        shutil.rmtree(root / segments.FOLDER)
        with closing(Writer(root, clock_ns=now_ns())) as writer, serving(config, port):
            for n in range(290, 400):  # what comes twice to the archive is in it once
                writer.write(PACKETS[n : n + 1])
            receiver.wait_for(RECORDS)
        assert receiver.archived() == Counter(RECORDS)


def test_a_daemon_that_was_killed_resumes_by_time_where_numbers_mean_nothing(tmp_path: Path) -> None:
    with (
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS[:100])) as before,
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS[50:250])) as after,  # record 100 has number 51 now
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS[200:], first_sequence=3)) as last,
        FaultProxy(before.port) as proxy,
    ):
        config = tmp_path / "houfeng.toml"
        config.write_text(
            f'[[seedlink]]\nname = "up"\naddress = "127.0.0.1:{proxy.port}"\nstreams = ["XX.*.*.HHZ"]\n'
            "retry_min_s = 0.05\n[web]\nenabled = false\n[daemon]\ncheckpoint_interval_s = 0.2\n"
            "[archive]\nballast_mib = 0\n"
        )

        def archived() -> bytes:
            return b"".join(path.read_bytes() for path in sorted((tmp_path / "archive").glob("2*/*/*/*/*")))

        for server, end in ((before, 100), (after, 250), (last, 400)):
            proxy.server_port = server.port
            with daemon(config) as process:
                expected = b"".join(RECORDS[:end])
                wait_for("the records", lambda: archived() == expected, 60, shown=process.log_path)  # noqa: B023
                wait_for("the cursor", lambda: saved_ns(config) == PACKETS[end - 1].next_ns, 20)  # noqa: B023
                log = process.log
            # the first finds nothing, the others what their server's numbers cannot tell
            assert "stopped" not in log, "it was killed, and saved nothing at an end"
        assert archived() == b"".join(RECORDS)
        assert saved_ns(config) == PACKETS[-1].next_ns
