"""The likely cause, and what speaks for it; unknown where nothing does."""

from __future__ import annotations

import pytest

from stations.alerts import cause
from stations.alerts.alert import Group
from stations.alerts.common import Common
from stations.alerts.scene import Scene, ServerSight
from stations.alerts.words import Kind
from stations.health import ChannelStatus, State, StationStatus
from tests.stations.alerts.conftest import at, channel, scene, status

NAMES = [f"XX.S{n}" for n in range(10)]
HERE = NAMES[0]


def told(found: StationStatus, around: Scene | None = None, stale: tuple[str, ...] = (HERE,)) -> tuple[str, str]:
    """Cause and evidence, where the other stations are well unless they are named."""
    well = {name: status(name, State.BAD if name in stale else State.OK, 0, 9) for name in NAMES[1:]}
    why = cause.of_station(found, well | {HERE: found}, stale, around or scene(NAMES))
    return why.word, why.sentence


def channels(*made: ChannelStatus) -> StationStatus:
    return status(HERE, State.BAD, 0, 9, channels=made)


@pytest.mark.parametrize(
    ("rule", "word"),
    [("timing_quality", "clock"), ("future_data", "clock"), ("flat", "sensor"), ("num_gaps", "link")],
)
def test_a_rule_names_the_part(rule: str, word: str) -> None:
    found = channels(channel(HERE, "HHZ", State.BAD, at(0), (rule,)), channel(HERE, "HHN", State.OK, at(0)))
    assert told(found) == (word, f"HHZ: {rule} bad; data come in time")


def test_silence_without_a_sign_is_not_explained_away() -> None:
    word, sentence = told(status(HERE, State.BAD, 0, 9))
    assert word == "unknown"
    assert "9 of 9 others behind server s come" in sentence and "power or link" in sentence


def test_gaps_before_the_silence_tell_of_the_link() -> None:
    assert told(status(HERE, State.BAD, 0, 9, num_gaps=7)) == (
        "link",
        "Data stopped; there were 7 gaps in the hour before; 9 of 9 others behind server s come",
    )


def test_packets_that_come_with_old_data_tell_of_the_link() -> None:
    late = channel(HERE, "HHZ", State.BAD, at(0), total_latency_s=300.0, data_latency_s=295.0)
    assert told(channels(late)) == (
        "link",
        "Packets still come, their data are 5 min late: the link is slow or catches up",
    )


def test_a_server_that_is_away_is_the_cause() -> None:
    word, sentence = told(status(HERE, State.BAD, 0, 9), scene(NAMES, connected=False))
    assert (word, sentence) == ("server", "Server s is not connected; it said: connection refused")


def test_one_of_two_servers_explains_nothing() -> None:
    both = {name: (Group(Kind.SERVER, "s"), Group(Kind.SERVER, "t")) for name in NAMES}
    around = Scene(both, {"s": ServerSight(False, "refused"), "t": ServerSight(True)})
    assert told(status(HERE, State.BAD, 0, 9), around)[0] == "unknown"


def test_a_channel_that_stopped_and_one_that_never_came_differ() -> None:
    fine = channel(HERE, "HHN", State.OK, at(0))
    word, sentence = told(channels(channel(HERE, "HHZ", State.BAD, at(0)), fine))
    assert (word, sentence.partition(":")[0]) == ("sensor", "HHZ stopped")
    never = channel(HERE, "HHZ", State.UNKNOWN, at(0), total_latency_s=None)  # type: ignore[arg-type]
    word, sentence = told(channels(never, fine))
    assert (word, sentence.partition(":")[0]) == ("metadata", "HHZ never came")


def test_a_station_that_never_came_beside_others_that_do() -> None:
    never = status(HERE, State.UNKNOWN, 0, 9, channels=())
    assert told(never)[0] == "metadata"
    assert told(never, stale=tuple(NAMES))[0] == "unknown"


@pytest.mark.parametrize(
    ("kind", "n_stale", "connected", "word"),
    [
        (Kind.LINK, 5, True, "link"),
        (Kind.SERVER, 5, False, "server"),
        (Kind.SERVER, 10, True, "server"),
        (Kind.SERVER, 6, True, "link"),
    ],
)
def test_what_stations_have_in_common(kind: Kind, n_stale: int, connected: bool, word: str) -> None:
    found = Common(Group(kind, "s"), {name: at(n) for n, name in enumerate(NAMES[:n_stale])}, len(NAMES))
    why = cause.of_group(found, scene(NAMES, connected=connected))
    assert why.word == word
    assert f"within {n_stale - 1} s" in why.sentence
