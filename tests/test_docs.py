"""The documents speak of what exists: files, make targets, commands and options. The code keeps to its own limits."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from houfeng.cli import main
from houfeng.installation import PACKAGES

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "configs").rglob("*.md")),
]
MAX_LINES = 300
MAX_FUNCTION_LINES = 40


def commands_of(group: click.Group, path: str = "houfeng") -> dict[str, click.Command]:
    """Every command by what one types, `houfeng runs list`."""
    found: dict[str, click.Command] = {path: group}
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None, f"{path} {name} is listed and cannot be loaded"
        inner = commands_of(command, f"{path} {name}") if isinstance(command, click.Group) else {}
        found |= inner or {f"{path} {name}": command}
    return found


def code_in(document: Path) -> str:
    """What a document shows as code, between backticks."""
    text = document.read_text("utf-8")
    return "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    lost = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)", code_in(document))) <= targets


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    assert set(re.findall(r"@echo 'make (\w+)", makefile)) == phony - {"help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_and_option_exists(document: Path) -> None:
    known = commands_of(main)
    for line in re.findall(r"\bhoufeng ((?:[a-z]+\b ?)+[^\n]*)", code_in(document)):
        words = line.split()
        path = f"houfeng {words[0]}"
        for word in words[1:]:
            if f"{path} {word}" not in known:
                break
            path = f"{path} {word}"
        if "|" in words[0]:
            continue
        assert path in known, line
        options = {opt for parameter in known[path].params for opt in parameter.opts}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", line)) <= options | {"--help"}, line


def test_every_command_explains_itself() -> None:
    silent = [path for path, command in commands_of(main).items() if not (command.help or "").strip()]
    assert silent == []


def test_files_and_functions_stay_short() -> None:
    long = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text("utf-8")
            if text.count("\n") > MAX_LINES:
                long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
            long += [f"{path.relative_to(ROOT)}: {name}" for name in long_functions(ast.parse(text))]
    assert long == []


def long_functions(tree: ast.AST) -> list[str]:
    """Functions with more lines than allowed, their docstrings not counted."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            n_lines = (node.end_lineno or node.lineno) - node.lineno + 1
            n_lines -= docstring.count("\n") + 1 if docstring else 0
            if n_lines > MAX_FUNCTION_LINES:
                found.append(f"{node.name} has {n_lines} lines")
    return found
