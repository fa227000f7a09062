"""A store opens only what is ours, and says in one line what is wrong with the rest."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import inspect, text

from database import engine as engines
from database import migrations, queries, tables
from database.settings import DatabaseSettings, parse_url
from database.store import Store
from houfeng.errors import ConfigError, StoreAwayError, StoreError
from tests.plugins.postgresql import PostgreSQLServer


def test_migrations_make_the_tables_of_the_models(store: Store) -> None:
    with store.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "version_table": tables.VERSION_TABLE}
        )
        assert compare_metadata(context, tables.metadata) == []
        checks = inspect(connection).get_check_constraints("run")
        assert [check["name"] for check in checks] == ["ck_run_kind"]


def test_known_revision_is_the_last_of_the_history(store: Store) -> None:
    with store.read() as connection:
        assert migrations.history(connection)[0] == tables.REVISION


def test_downgrade_removes_every_table_and_upgrade_brings_them_back(store: Store, url: str) -> None:
    with store.begin() as unit:
        migrations.downgrade(unit.connection, "base")
        assert inspect(unit.connection).get_table_names() == [tables.VERSION_TABLE]
    reopened = Store.open(url)
    with reopened.read() as connection:
        assert queries.runs(connection) == []
        assert queries.state_version(connection) == 0
    reopened.close()


def test_opening_again_keeps_the_rows(store: Store, url: str) -> None:
    again = Store.open(url)
    with again.read() as connection:
        assert [run.run_id for run in queries.runs(connection)] == ["live"]
    again.close()


OPEN_TOGETHER = """
import os, sys, traceback
import database.migrations
from database.store import Store


def open_when_all_are_there(url, gate):
    status = 1
    try:
        os.read(gate, 1)
        Store.open(url).close()
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


for url in sys.argv[2:]:
    gate, held = os.pipe()
    children = []
    for _ in range(int(sys.argv[1])):
        child = os.fork()
        if child == 0:
            os.close(held)
            open_when_all_are_there(url, gate)
        children.append(child)
    os.close(held)
    os.close(gate)
    print(*(os.waitpid(child, 0)[1] for child in children))
"""


def open_together(urls: list[str], n_processes: int) -> list[str]:
    """How processes ended that opened each new database at the same moment: a line of statuses for each."""
    command = [sys.executable, "-c", OPEN_TOGETHER, str(n_processes), *urls]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [*done.stdout.splitlines(), *done.stderr.splitlines()[-1:]]


def test_eight_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/{n}.db" for n in range(20)]
    assert open_together(urls, 8) == ["0 0 0 0 0 0 0 0"] * 20
    for url in urls:
        store = Store.open(url)
        with store.read() as connection:
            assert queries.state_version(connection) == 0
        store.close()


def test_a_new_file_that_another_process_writes_to_is_waited_for(tmp_path: Path) -> None:
    writer = sqlite.connect(tmp_path / "houfeng.db", isolation_level=None, check_same_thread=False)
    writer.execute("CREATE TABLE alembic (x)")  # makes the file; not yet in WAL mode
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DROP TABLE alembic")
    end = threading.Timer(0.5, writer.execute, ["COMMIT"])
    end.start()
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    assert end.finished.is_set(), "it was opened while somebody wrote to it"
    with store.read() as connection:
        assert queries.state_version(connection) == 0
    store.close()
    end.join()
    writer.close()


@pytest.mark.postgresql
def test_processes_may_open_a_new_postgresql_database_at_once(postgresql_url: str) -> None:
    assert open_together([postgresql_url], 4) == ["0 0 0 0"]


def test_sqlite_keeps_commits_through_a_power_cut(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    with store.read() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    store.close()
    # 2 is FULL (https://sqlite.org/pragma.html#pragma_synchronous).
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_newer_tables_are_refused(store: Store, url: str) -> None:
    with store.begin() as unit:
        unit.connection.execute(text(f"UPDATE {tables.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match=f"revision 9999, this program knows {tables.REVISION}.*upgrade Houfeng"):
        Store.open(url)


def test_tables_of_another_program_are_refused(store: Store, url: str) -> None:
    with store.begin() as unit:
        unit.connection.execute(text(f"DROP TABLE {tables.VERSION_TABLE}"))
    with pytest.raises(StoreError, match=r"Houfeng made is needed, it holds other tables.*absence"):
        Store.open(url)


@pytest.mark.postgresql
def test_postgresql_may_be_shared_with_other_tables(postgresql_url: str, postgresql_server: PostgreSQLServer) -> None:
    engine = engines.connect(parse_url(postgresql_url))
    with engine.execution_options(**engines.WRITE).begin() as connection:
        connection.execute(text("CREATE TABLE spatial_ref_sys (srid integer)"))
    engine.dispose()
    store = Store.open(postgresql_url)
    with store.read() as connection:
        assert {"spatial_ref_sys", *tables.metadata.tables} <= set(inspect(connection).get_table_names())
    store.close()


def test_file_that_is_not_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database. " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt: file is not a database; an SQLite file is needed"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text() == "Not a database. " * 100


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the folder .*/absent is needed, it does not exist"):
        Store.open(f"sqlite:///{tmp_path}/absent/houfeng.db")


@pytest.mark.parametrize("place", ["/proc/houfeng.db", "{tmp_path}"])
def test_place_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"unable to open database file; .* this user may write are needed"):
        Store.open(f"sqlite:///{place.format(tmp_path=tmp_path)}")


def test_old_sqlite_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "SQLITE_NEEDED", (99, 0, 0))
    with pytest.raises(StoreError, match=r"SQLite library 3\.\d+\.\d+: at least 99\.0\.0 is needed"):
        Store.open(f"sqlite:///{tmp_path}/houfeng.db")


def test_server_that_does_not_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StoreAwayError, match=r"refused") as refusal:
            Store.open(f"postgresql+psycopg://houfeng:secret@127.0.0.1:{port}/seismic")
    assert f"postgresql+psycopg://houfeng:***@127.0.0.1:{port}/seismic" in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.postgresql
def test_database_that_the_server_does_not_have(postgresql_server: PostgreSQLServer) -> None:
    with pytest.raises(StoreError, match='database "absent" does not exist'):
        Store.open(postgresql_server.url("absent"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("houfeng.db", "not a URL"),
        ("postgresql://u:p@h:port/d", "not a URL"),
        ("mysql://localhost/houfeng", "'mysql' came"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_urls_that_cannot_work(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"database\.url: .*{said}"):
        DatabaseSettings(url)
    with pytest.raises(ConfigError, match=rf"database\.url: .*{said}"):
        Store.open(url)


def test_negative_retry() -> None:
    with pytest.raises(ConfigError, match=r"database\.retry_s: 0 s or more is needed, -1 came"):
        DatabaseSettings(retry_s=-1)


def test_relative_file_is_taken_from_the_folder_of_the_configuration() -> None:
    folder = Path("/etc/houfeng")
    assert DatabaseSettings().resolved(folder).url == "sqlite:////etc/houfeng/houfeng.db"
    assert DatabaseSettings("sqlite:////srv/x.db").resolved(folder).url == "sqlite:////srv/x.db"
    server = DatabaseSettings("postgresql+psycopg://u:secret@h/d")
    assert server.resolved(folder) == server
