"""Where a replay was left, as the database keeps it: whoever starts it again goes on there."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from acquisition.replay import Reading
from database import run_results
from houfeng.replays.identity import Asked


@dataclass(frozen=True, slots=True)
class Left:
    """How far a replay had come; what it had found by then, and the states of its detectors, are rows of their own.

    Parameters
    ----------
    reading : of the files
    looks : at events, from `Pipeline.looks`
    too_late : public ids of P picks that had come too late for association; those of a run are not associated in the
        order of arrival again
    clock_ns : simulated time, ns UTC; 0 where records are taken in the order of their times
    """

    reading: Reading
    looks: Mapping[str, Any]
    too_late: Collection[str]
    clock_ns: int

    def as_json(self, asked: Asked) -> str:
        """Without the files that were read to the end: they are among the run's inputs."""
        state = {
            "n_read": {asked.name(path): n for path, n in self.reading.n_read.items()},
            "looks": self.looks,
            "too_late": sorted(self.too_late),
            "clock_ns": self.clock_ns,
        }
        return json.dumps(state)


def left_at(snapshot: Connection, asked: Asked, run_id: str) -> Left | None:
    """Where a replay was left; None where there is none to go on with."""
    text = run_results.state(snapshot, run_id)
    if text is None:
        return None
    state, paths = json.loads(text), {asked.name(file.path): file.path for file in asked.files}
    records = (each for each in run_results.inputs(snapshot, run_id) if each.kind == "records")
    finished = {paths[each.name]: each.sha256 for each in records}
    reading = Reading({paths[name]: n for name, n in state["n_read"].items()}, finished)
    return Left(reading, state["looks"], state["too_late"], state["clock_ns"])
