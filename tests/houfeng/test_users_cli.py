"""`houfeng users`: accounts and tokens by hand; passwords never on a command line; the key of cookies for its owner."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from database import accounts, registry
from database.store import Store
from houfeng.cli import main
from houfeng.cli.session_key import session_key
from houfeng.errors import ConfigError
from houfeng.passwords import matches
from houfeng.times import now_ns

Run = Callable[..., tuple[int, str]]
PASSWORD = "pass word, long enough"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """run(words, typed=TEXT): exit status and what was printed, of `houfeng users` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("houfeng.toml").write_text('[database]\nurl = "sqlite:///houfeng.db"\n')
    Store.open("sqlite:///houfeng.db").close()

    def call(*words: str, typed: str = "") -> tuple[int, str]:
        found = CliRunner().invoke(main, ["users", *words], input=typed, catch_exceptions=False)
        return found.exit_code, found.output

    return call


def test_an_account_from_beginning_to_end(run: Run) -> None:
    assert run("add", "ann", "--role", "admin", "--by", "li", typed=PASSWORD + "\n") == (0, "ann: admin\n")
    assert run("add", "bob", "--role", "viewer", "--by", "li", typed=PASSWORD)[0] == 0
    status, token = run("token", "add", "bob", "--label", "wall", "--by", "li")
    assert status == 0 and token.startswith("houfeng_")
    (listed,) = json.loads(run("token", "list", "--format", "json")[1])["tokens"]
    assert (listed["name"], listed["label"]) == ("bob", "wall") and set(listed) == {
        "id",
        "name",
        "label",
        "made",
        "ends",
    }
    assert run("set", "bob", "--role", "operator", "--by", "li")[0] == 0
    users = json.loads(run("list", "--format", "json")[1])["users"]
    assert [(each["name"], each["role"], each["n_tokens"]) for each in users] == [
        ("ann", "admin", 0),
        ("bob", "operator", 1),
    ]
    assert run("set", "bob", "--password", "--by", "li", typed="another password\n")[0] == 0
    store = Store.open("sqlite:///houfeng.db")
    with store.read() as snapshot:
        known = accounts.with_password(snapshot, "bob")
        whose = accounts.of_token(snapshot, token.strip(), now_ns())
    assert known is not None and matches(known[1], "another password") and not matches(known[1], PASSWORD)
    assert whose == known[0]
    assert run("token", "revoke", listed["id"], "--by", "li")[0] == 0
    assert run("remove", "bob", "--by", "li")[0] == 0
    with store.read() as snapshot:
        noted = {(row.who, row.action, row.about, row.field, row.before) for row in registry.audit(snapshot)}
        assert {row.origin.split(" ")[0] for row in registry.audit(snapshot)} == {"command"}
    store.close()
    assert noted >= {("li", "user", "bob", "role", "viewer"), ("li", "user", "bob", "password", "")}
    assert ("li", "token", "bob", "token", f"{listed['id']} wall") in noted


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("add", "ann", "--role", "admin"), "short\n", "12 to 1024 characters are needed, 5 came"),
        (("add", "ann", "--role", "admin"), "", "a line on standard input is needed"),
        (("add", "Ann B", "--role", "admin"), PASSWORD, "are needed"),
        (("add", "ann", "--role", "owner"), PASSWORD, "'owner' is not one of"),
        (("set", "ann"), "", "nothing to set"),
        (("token", "add", "ann", "--expires", "soon"), "", "nor 30min, 6h or 2d"),
        (("remove", "ann"), "", "there is none"),
        (("token", "add", "ann"), "", "there is none"),
        (("token", "revoke", "0123"), "", "there is none"),
    ],
)
def test_what_cannot_be_is_said(run: Run, words: tuple[str, ...], typed: str, said: str) -> None:
    status, text = run(*words, typed=typed)
    assert status == 2 and said in " ".join(text.split())


def test_the_key_of_cookies_is_its_owner_s(tmp_path: Path) -> None:
    key = session_key("", tmp_path / "archive")
    file = tmp_path / "archive" / ".web-session.key"
    assert len(key) == 32 and session_key(str(file), tmp_path) == key == session_key("", tmp_path / "archive")
    assert file.stat().st_mode & 0o777 == 0o600 and [each.name for each in file.parent.iterdir()] == [file.name]
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="mode 0600 is needed"):
        session_key("", tmp_path / "archive")
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(ConfigError, match="5 came"):
        session_key("", tmp_path / "archive")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="session_key_file"):
        session_key(str(tmp_path / "file" / "key"), tmp_path)
    assert len(session_key("", tmp_path / "file")) == 32  # its own, until it ends
