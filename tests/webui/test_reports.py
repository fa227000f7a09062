"""Reports begun from the page and by token: made by the command's own code, and only what is finished is given out."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from configs import load
from database import accounts, registry, tasks
from database.accounts import Change
from database.store import Store
from engineering.project import Language
from houfeng.cli import main
from houfeng.roles import Role
from houfeng.times import NS_PER_S, now_ns
from tests.houfeng.projects.bridge import bridge, put_noise
from tests.webui.conforming import conforming
from webui.app import create_app
from webui.house import Around
from webui.language import LANGUAGES
from webui.settings import WebSettings

# A place that nothing was recorded near: its report has every chapter, and is made in a second.
BRIDGE = bridge('title = "Bridge"\nlanguages = ["ru"]')
PATHS = ("html", "pdf", "json")


class House(NamedTuple):
    """An application, a token of each role, and the ids of the tasks that it began."""

    app: Flask
    store: Store
    folder: Path
    tokens: dict[str, str]
    begun: list[str]

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def post(self, role: str = "engineer", **said: str) -> TestResponse:
        return self.client().post("/api/v1/reports", json=said, headers=self.head(role))

    def get(self, path: str, role: str = "viewer", **headers: str) -> TestResponse:
        return self.client().get(path, headers=self.head(role) | headers)

    def head(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def run(self, *words: str) -> Any:
        return CliRunner().invoke(main, [*words])

    def work(self, task_id: str) -> None:
        """What the process of a task does."""
        result = self.run("runs", "work", task_id, "--config", str(self.folder / "houfeng.toml"))
        assert result.exit_code == 0, result.output

    def tasks(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.get("/api/v1/tasks?kind=report").get_json()["tasks"]
        return listed


@pytest.fixture
def house(tmp_path: Path, url: str, filled: Store) -> Iterator[House]:
    (tmp_path / "houfeng.toml").write_text(
        f'[database]\nurl = "{url}"\n[web]\nreading = "accounts"\nprojects_path = "projects"\nreports_path = "made"\n'
    )
    projects = tmp_path / "projects"
    (projects / "dam").mkdir(parents=True)
    put_noise(projects / "dam")
    (projects / "dam" / "地震 1.toml").write_text(BRIDGE)
    (projects / "wrong.toml").write_text('[project]\ntitle = "x"\nlanguages = ["xx"]\n[thing]\n')
    (projects / os.fsdecode(b"\xff.toml")).touch()
    (projects / "out").symlink_to(tmp_path)
    (projects / "out.toml").symlink_to(tmp_path / "houfeng.toml")
    with filled.begin() as unit:
        change = Change(now_ns(), "root", "test")
        for role in Role:
            accounts.add(unit, str(role), role, "", change)
        tokens = {str(role): accounts.add_token(unit, str(role), "", change) for role in Role}
    begun: list[str] = []
    settings = load(tmp_path / "houfeng.toml").web
    with conforming(create_app(settings, filled, around=Around(list, dict, begun.append))) as app:
        yield House(app, filled, tmp_path, tokens, begun)


def test_a_report_is_what_the_command_makes_and_is_given_out_when_it_is_done(house: House) -> None:
    asked = house.post(about="dam/地震 1.toml", language="zh", why="the client wants it")
    task = asked.get_json()
    assert (asked.status_code, task["state"], task["language"], task["files"]) == (200, "asked", "zh", [])
    assert house.begun == [task["id"]]
    addresses = {kind: f"/reports/{task['id'].removeprefix('task/')}.{kind}" for kind in PATHS}
    assert [house.get(each).status_code for each in addresses.values()] == [404, 404, 404]
    again = house.post(about="dam/地震 1.toml", language="ru", why="both at once")
    assert again.status_code == 409 and "is not done yet" in again.get_json()["error"]
    house.work(task["id"])
    (done,) = house.tasks()
    assert (done["state"], done["said"]) == ("done", "0 records assessed, 0 refused"), done
    assert done["files"] == list(addresses.values())
    page = house.get("/reports").text
    assert all(f'href="{each}"' in page for each in addresses.values()) and ">dam/地震 1.toml <" in page

    files = {kind: house.get(address) for kind, address in addresses.items()}
    assert [each.status_code for each in files.values()] == [200, 200, 200]
    made = house.folder / "made" / task["id"].removeprefix("task/")
    project, out = house.folder / "projects" / "dam" / "地震 1.toml", house.folder / "command"
    result = house.run("assess", "project", str(project), "--out", str(out), "--language", "zh")
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {path.name for path in made.iterdir()}
    assert files["json"].data == (out / "assessment.json").read_bytes()
    assert files["html"].data == (out / "report.zh.html").read_bytes()
    assert files["pdf"].data[:5] == b"%PDF-" and len(files["pdf"].data) == (made / "report.zh.pdf").stat().st_size
    _served_well(house, addresses, files)
    with house.store.read() as snapshot:
        (noted,) = registry.audit(snapshot, action="report")
    assert (noted.who, noted.why, noted.about, noted.after) == ("engineer", "the client wants it", str(project), "zh")
    (made / "report.zh.pdf").unlink()
    (made / "report.zh.pdf").symlink_to(house.folder / "houfeng.toml")
    gone = house.get(addresses["pdf"])
    assert gone.status_code == 404 and f"its files are not in {house.folder / 'made'}" in gone.text


def _served_well(house: House, addresses: dict[str, str], files: dict[str, TestResponse]) -> None:
    """Types, names, a policy that lets the report's own style in and nothing else, and 304 for who has it."""
    types = {kind: each.headers["Content-Type"] for kind, each in files.items()}
    assert types == {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "json": "application/json"}
    said = {kind: each.headers["Content-Disposition"] for kind, each in files.items()}
    assert [text.split(";")[0] for text in said.values()] == ["inline", "attachment", "attachment"]
    assert "filename*=UTF-8''%E5%9C%B0%E9%9C%87_1.zh.pdf" in said["pdf"]
    policy = files["html"].headers["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", files["html"].text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy and "sandbox" in policy
    assert "unsafe" not in policy and "http" not in policy and "script-src" not in policy
    for kind, each in files.items():
        tag = each.headers["ETag"]
        assert each.headers["Cache-Control"] == "private, no-cache"
        again = house.get(addresses[kind], **{"If-None-Match": tag})
        # browsers keep a file under the policy of the answer that said it was still the same
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Content-Security-Policy"] == each.headers["Content-Security-Policy"]
        assert house.client().get(addresses[kind]).status_code in (303, 401)  # nobody's


def test_what_is_wrong_with_a_project_is_said_as_on_the_command_line(house: House) -> None:
    asked = house.post(about="wrong.toml", language="en", why="try").get_json()
    house.work(asked["id"])
    (failed,) = house.tasks()
    told = house.run("assess", "project", str(house.folder / "projects" / "wrong.toml"), "--out", "nowhere")
    lines = [line.removeprefix("houfeng: ") for line in told.stderr.splitlines()]
    assert len(lines) > 1
    assert (failed["state"], failed["said"].splitlines(), failed["files"]) == ("failed", lines, [])
    assert not (house.folder / "made").exists()
    assert house.post(about="wrong.toml", language="en", why="mended").status_code == 200


def test_files_are_deleted_with_a_reason_and_the_audit_keeps_it(house: House) -> None:
    asked = house.post(about="dam/地震 1.toml", language="en", why="a try").get_json()
    address = f"/api/v1/reports/{asked['id'].removeprefix('task/')}/delete"

    def delete(role: str, why: str) -> TestResponse:
        return house.client().post(address, json={"why": why}, headers=house.head(role))

    early = delete("engineer", "too early")
    assert (
        early.status_code == 409 and "a report that is done is needed, report, asked came" in early.get_json()["error"]
    )
    house.work(asked["id"])
    (made,) = house.tasks()
    assert len(made["files"]) == 3
    assert "/delete" in house.get("/reports", "engineer").text and "/delete" not in house.get("/reports").text
    assert [delete(role, "room").status_code for role in ("viewer", "operator")] == [403, 403]
    assert delete("engineer", " ").status_code == 409
    assert (house.folder / "made" / asked["id"].removeprefix("task/")).is_dir()
    done = delete("engineer", "made with the wrong records")
    assert (done.status_code, done.get_json()["files"], done.get_json()["state"]) == (200, [], "done")
    assert list((house.folder / "made").iterdir()) == []
    assert [house.get(each).status_code for each in made["files"]] == [404] * 3
    page = house.get("/reports", "engineer").text
    assert "Its files were deleted." in page and "/delete" not in page
    with house.store.read() as snapshot:
        rows = registry.audit(snapshot, action="report")
    kept = rows[0]
    assert (kept.who, kept.field, kept.after, kept.why) == (
        "engineer",
        "files",
        "deleted",
        "made with the wrong records",
    )
    assert len(rows) == 2
    assert delete("engineer", "once more").status_code == 200  # as after a button that was pressed twice


def test_a_report_that_cannot_be_deleted_is_kept_and_the_audit_says_nothing(house: House) -> None:
    asked = house.post(about="dam/地震 1.toml", language="en", why="a try").get_json()
    house.work(asked["id"])
    folder = house.folder / "made" / asked["id"].removeprefix("task/")
    folder.rename(house.folder / "elsewhere")
    folder.symlink_to(house.folder / "elsewhere")
    address = f"/api/v1/reports/{folder.name}/delete"
    refused = house.client().post(address, json={"why": "room"}, headers=house.head("engineer"))
    assert refused.status_code == 409 and "cannot be deleted" in refused.get_json()["error"]
    assert len(list((house.folder / "elsewhere").iterdir())) == 3
    with house.store.read() as snapshot:
        assert len(registry.audit(snapshot, action="report")) == 1


def test_no_file_elsewhere_is_a_project(house: House) -> None:
    elsewhere = ("..", "/etc/passwd", "out.toml", "out/houfeng.toml", "dam/../../houfeng.toml", "nothing.toml")
    answers = [house.post(about=about, language="en", why="why not") for about in ("", "dam", *elsewhere)]
    assert [each.status_code for each in answers] == [400] * 8
    assert all("web.projects_path" in each.get_json()["error"] for each in answers)
    assert house.tasks() == [] == house.begun


def test_who_may_and_what_is_needed(house: House) -> None:
    good = {"about": "wrong.toml", "language": "en", "why": "try"}
    assert [house.post(role, **good).status_code for role in ("viewer", "operator")] == [403, 403]
    assert house.post(**good | {"language": "fr"}).status_code == 400
    assert house.post(**good | {"why": ""}).status_code == 409
    assert house.client().post("/reports", data=good).status_code == 400  # a form without its mark
    assert house.begun == []
    page = house.get("/reports", "engineer").text
    # what leads out, or has a name that is no text, is not offered
    assert re.findall(r"<option>(.*?)</option>", page) == ["dam/地震 1.toml", "wrong.toml"]
    assert '<form class="act"' not in house.get("/reports").text
    house.app.config["SETTINGS"] = WebSettings(reading="accounts")
    refused = house.post(**good)
    assert refused.status_code == 409 and "web.projects_path is empty" in refused.get_json()["error"]
    assert "web.projects_path is empty" in house.get("/reports?lang=en", "engineer").text


def test_a_process_that_dies_is_told_after_a_minute(house: House) -> None:
    asked = house.post(about="wrong.toml", language="en", why="try").get_json()
    silent_ns = now_ns() - 61 * NS_PER_S
    house.store.run(lambda unit: tasks.note(unit, asked["id"], "running", "record 2 of 3", silent_ns))
    (listed,) = house.tasks()
    assert (listed["state"], listed["said"]) == ("silent", "record 2 of 3")
    assert "<b>ended without a word</b>" in house.get("/reports").text
    assert house.post(about="wrong.toml", language="en", why="again").status_code == 200


def test_only_reports_are_given_out(house: House) -> None:
    change = Change(now_ns(), "engineer", "test")
    with house.store.begin() as unit:
        replay = tasks.ask(unit, "replay", "/records", "why", change).task_id
        tasks.note(unit, replay, "done", "", now_ns())
    (house.folder / "made" / replay.removeprefix("task/")).mkdir(parents=True)
    (house.folder / "made" / replay.removeprefix("task/") / "assessment.json").write_text("{}")
    (house.folder / "made" / "x.json").write_text("{}")
    names = (replay.removeprefix("task/"), "x", "nothing", "..%2f..%2fhoufeng", "%2e%2e", "made")
    found = [house.get(f"/reports/{name}.{kind}").status_code for name in names for kind in (*PATHS, "toml")]
    assert found == [404] * 24


def test_the_form_offers_the_languages_of_reports() -> None:
    assert tuple(LANGUAGES) == tuple(Language)
