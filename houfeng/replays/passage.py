"""A replay under way: what it finds is saved together with where it is, so that a kill at any moment loses little."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice

from database import run_results
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from houfeng.replays.identity import Asked, input_hash
from houfeng.replays.left import Left
from houfeng.replays.parts import Parts
from houfeng.times import now_ns

# A kill loses no more work than this, or a twentieth of what was done, for states of many channels take long to save.
_EVERY_S = 5.0
_SHARE = 20


class Passage:
    """Commits of one replay.

    Parameters
    ----------
    asked : what is replayed
    run : as it was saved when it began
    parts : kept up to date by whoever feeds the pipeline
    """

    def __init__(self, asked: Asked, run: Run, store: Store, parts: Parts) -> None:
        self._asked, self._run, self._store, self._parts = asked, run, store, parts
        self._pipeline, self._tally, self._reading = parts.pipeline, parts.tally, parts.reading
        self._n_inputs = len(self._reading.finished)
        self._next_s = time.monotonic() + _EVERY_S

    def advance(self) -> None:
        """A batch was fed: save what it brought if it is time, or if the history of events depends on when."""
        began_s = time.monotonic()
        if began_s >= self._next_s or self._pipeline.has_history_to_save:
            self.commit()
            now_s = time.monotonic()
            self._next_s = now_s + max(_EVERY_S, _SHARE * (now_s - began_s))

    def commit(self) -> None:
        """Save what was found, and where to go on, in one transaction."""
        self._tally.refused(self._pipeline.vetoed_by_channel)
        self._pipeline.checkpoint(self._save)
        self._n_inputs = len(self._reading.finished)

    def finish(self) -> Run:
        """All was read: look at every event that waits, and close the run with the hash of what it found."""
        self._pipeline.look_at_all()
        self.commit()
        run_id = self._run.run_id
        with self._store.read() as snapshot:
            found = run_results.result_hash(snapshot, run_id)
            inputs = run_results.inputs(snapshot, run_id)
        run = replace(
            self._counted(),
            finished_ns=now_ns(),
            input_hash=input_hash(inputs, self._run.config),
            result_hash=found,
        )

        def save(unit: UnitOfWork) -> None:
            unit.save_run(run)
            run_results.forget_state(unit, run_id)

        self._store.run(save)
        return run

    def _counted(self) -> Run:
        start_ns, end_ns = self._tally.span
        n_records, n_samples = self._tally.n_records, self._tally.n_samples
        return replace(self._run, start_ns=start_ns, end_ns=end_ns, n_records=n_records, n_samples=n_samples)

    def _save(self, unit: UnitOfWork) -> None:
        run_id = self._run.run_id
        unit.save_run(self._counted())
        new = islice(self._reading.finished.items(), self._n_inputs, None)
        run_results.save_inputs(unit, run_id, self._asked.records(new))
        run_results.save_channels(unit, run_id, self._tally.channels())
        clock_ns = 0 if self._parts.arrived is None else self._parts.arrived.clock_ns
        left = Left(self._reading, self._pipeline.looks(), self._parts.too_late, clock_ns)
        run_results.save_state(unit, run_id, left.as_json(self._asked))
