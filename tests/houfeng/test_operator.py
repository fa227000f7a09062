"""Who acts on the command line, and for how long: the same words for every command."""

from __future__ import annotations

import click
import pytest

from houfeng.cli.operator import Span, Until, who_acts
from houfeng.times import now_ns, parse_ns


@pytest.mark.parametrize(("text", "seconds"), [("30min", 1800), ("30m", 1800), ("1.5h", 5400), ("2d", 172_800)])
def test_durations_are_those_of_every_command(text: str, seconds: float) -> None:
    assert Span().convert(text, None, None) == seconds
    before_ns = now_ns()
    ahead_ns = Until().convert(text, None, None) - round(seconds * 1e9)
    assert before_ns <= ahead_ns <= now_ns()


@pytest.mark.parametrize("text", ["", "8", "h", "-1h", "nan", "2w", "0h", "400d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is needed"):
        Span().convert(text, None, None)


def test_a_time_is_a_time() -> None:
    assert Until().convert("2026-12-01T00:00:00Z", None, None) == parse_ns("2026-12-01T00:00:00Z")
    with pytest.raises(click.BadParameter, match="neither a UTC time"):
        Until().convert("tomorrow", None, None)


def test_sudo_does_not_hide_who_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "li")
    assert who_acts(None) == "li"
    assert who_acts("wang ") == "wang"
    monkeypatch.delenv("SUDO_USER")

    def unknown() -> str:
        raise KeyError

    monkeypatch.setattr("getpass.getuser", unknown)
    with pytest.raises(click.UsageError, match="--by NAME"):
        who_acts(None)
