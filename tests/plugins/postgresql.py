"""A real PostgreSQL server of our own, in a temporary folder, for the tests that are marked `postgresql`."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Literal

import psycopg
import pytest

# fsync is off: an immediate stop kills the server, not the machine.
_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=50 -c unix_socket_directories={folder}"


class PostgreSQLServer:
    """One server, reached through a Unix socket in its own folder.

    Parameters
    ----------
    programs : folder with initdb and pg_ctl
    folder : empty, with a short path; belongs to the user that the server runs as
    user : the user it runs as, None for ours; initdb refuses root
    """

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._numbers = count()
        self.running = False
        self._run("initdb", "--no-sync", "--auth=trust", "--username=houfeng", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = _OPTIONS.format(folder=self._folder)
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", options)
        self.running = True

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop; `immediate` is a crash: nothing is flushed, no client is told."""
        self._run("pg_ctl", "stop", "-w", "-m", mode)
        self.running = False

    def new_database(self) -> str:
        """URL of a new empty database."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(host=str(self._folder), user="houfeng", dbname="postgres", autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, database: str) -> str:
        """URL of a database of this server, whether or not it exists."""
        return f"postgresql+psycopg://houfeng@/{database}?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, "-D", self._folder / "data", *arguments],
            cwd=self._folder,
            user=self._user,
            group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
            extra_groups=None if self._user is None else [],
            # The server keeps what it inherits open: with a pipe, this would wait for its end.
            stdout=(output := (self._folder / "output").open("a")),
            stderr=output,
        )
        output.close()
        if done.returncode:
            said = (self._folder / "output").read_text() + (self._folder / "log").read_text()
            raise RuntimeError(f"{program} {' '.join(arguments)} failed:\n{said[-2000:]}")


def _programs() -> Path | None:
    """Folder of the newest PostgreSQL; Debian keeps them off the path."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """A running server; the test is skipped where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is absent: install Debian's package postgresql")
    # Not under pytest's temporary folder: other users may not enter it, and the socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="houfeng-pg-"))
    user = _server_user()
    if user is not None:
        shutil.chown(folder, user)
        # The socket is for us, too.
        folder.chmod(0o755)
    server = PostgreSQLServer(programs, folder, user)
    server.start()
    yield server
    if server.running:
        server.stop("immediate")
    shutil.rmtree(folder)


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQLServer) -> Iterator[str]:
    """URL of an empty database of its own. A test that leaves the server stopped spoils no other."""
    yield postgresql_server.new_database()
    if not postgresql_server.running:
        postgresql_server.start()
