"""The forms of the log: each is what its reader needs, exceptions and all."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from acquisition.server import Ring, SeedLinkServer
from tests.plugins.daemon import daemon, free_port, wait_for

# Writes one line of each kind with the form that is asked for.
PROGRAM = """
import logging, sys
from houfeng.cli.logs import write_as
logging.basicConfig(stream=sys.stderr, level=logging.DEBUG)
write_as(sys.argv[1])
log = logging.getLogger("houfeng.test")
log.warning("two\\nlines of %s", "Ürümqi")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("it failed")
"""


def lines(layout: str, journal: bool = False) -> list[str]:
    """What the program writes to a pipe, which may call itself the journal."""
    ours, theirs = os.pipe()
    found = os.fstat(theirs)
    environment = {**os.environ, "JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"} if journal else dict(os.environ)
    subprocess.run([sys.executable, "-c", PROGRAM, layout], stderr=theirs, env=environment, check=True)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as written:
        return written.read().splitlines()


def test_json_is_one_object_a_line() -> None:
    first, second = (json.loads(line) for line in lines("json"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert first == {
        "level": "WARNING",
        "logger": "houfeng.test",
        "thread": "MainThread",
        "message": "two\nlines of Ürümqi",
    }
    assert second["message"] == "it failed"
    assert second["level"] == "ERROR"
    assert second["exception"].startswith("Traceback")
    assert second["exception"].endswith("ZeroDivisionError: division by zero")


def test_text_has_the_time_and_the_level() -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d WARNING two", lines("text")[0])


def test_the_journal_gets_levels_and_no_second_time() -> None:
    written = lines("text", journal=True)
    assert written[:3] == ["<4>two", "<4>lines of Ürümqi", "<3>it failed"]
    assert written[-1] == "<3>ZeroDivisionError: division by zero"


@pytest.mark.parametrize("before", ["text", "json"])
def test_the_daemon_and_its_page_write_json(tmp_path: Path, before: str) -> None:
    """From the start, or from a reload on; the page says that its port is taken."""
    config = tmp_path / "houfeng.toml"
    with SeedLinkServer("127.0.0.1", 0, Ring()) as server:
        text = (
            f'[[seedlink]]\nname = "up"\naddress = "127.0.0.1:{server.port}"\nstreams = ["XX.*.*.*"]\n'
            f'[web]\nport = {server.port}\n[daemon]\nprobe_port = {free_port()}\nlog_format = "{{}}"\n'
        )
        config.write_text(text.format(before))
        with daemon(config) as running:
            running.wait_for_log("running as")
            n_before = 0
            if before == "text":
                running.reload(text.format("json"))
                running.wait_for_log("reloaded: ")
                wait_for("a line in JSON", lambda: any(line.startswith("{") for line in running.log.splitlines()))
                n_before = next(n for n, line in enumerate(running.log.splitlines()) if line.startswith("{"))
            running.wait_for_log("the web page ended with status", 2)
            assert running.stop() == 0
    read = [json.loads(line) for line in running.log.splitlines()[n_before:] if line.startswith("{")]
    assert {"INFO", "ERROR"} <= {line["level"] for line in read}
    assert any(line["logger"].startswith("houfeng.cli.companion") for line in read)
    assert logging.getLogger(read[0]["logger"]).name.startswith(("acquisition", "houfeng"))
