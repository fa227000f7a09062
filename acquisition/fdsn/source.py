"""Gaps filled from an FDSN web service, as a source of packets like any other."""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from zlib import crc32

from acquisition import mseed
from acquisition.fdsn.client import FdsnClient
from acquisition.fdsn.coverage import missing, total_s
from acquisition.fdsn.rules import Job, Missing, Reply, backoff_s, decide, plan
from acquisition.fdsn.settings import FdsnSettings
from acquisition.heartbeat import Heartbeat
from acquisition.source import Reject
from acquisition.spans import span_of
from houfeng.errors import RecordError
from houfeng.times import now_ns
from houfeng.types import Gap, Packet, SourceId, Span

_log = logging.getLogger(__name__)

# So many requests given up in a row, and the server is left alone.
_MAX_FAILED_JOBS = 3


class FdsnSource:
    """Packets of wanted gaps, until each is closed by samples or its reason to stay open is known.

    Records are handed on as received, whole, when they hold samples of a wanted gap; they may reach beyond it.

    Parameters
    ----------
    settings : of the service
    gaps : what is wanted
    reject : called with bytes that are no record, and the reason with the server's name
    progress : called with the seconds of wanted data that are settled, one way or the other, after each answer
    heartbeat : hears that the thread in `packets()` gets on
    """

    def __init__(
        self,
        settings: FdsnSettings,
        gaps: Iterable[Gap],
        reject: Reject,
        *,
        progress: Callable[[float], None] = lambda seconds: None,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self._settings = settings
        self._heart = heartbeat or Heartbeat()
        self._client = FdsnClient(settings)
        self._reject = reject
        self._progress = progress
        self._jobs = deque(plan(gaps, settings.request_channel_hours))
        self._stop = threading.Event()
        self._across: set[tuple[SourceId, int, int]] = set()
        self._n_failures = 0
        self._n_failed_jobs = 0
        self.missing: list[Missing] = []
        self.n_requests = 0
        # whether every wanted time was settled, by samples or by a reason in `missing`
        self.is_done = False

    def packets(self) -> Iterator[list[Packet]]:
        """A batch for each answer that brought records; `missing` afterwards tells what stays open and why."""
        while self._jobs and not self._stop.is_set():
            job = self._jobs.popleft()
            self.n_requests += 1
            self._heart.beat(f"asking {self._client.address}", within_s=self._client.patience_s)
            reply = self._client.dataselect(job.gaps)
            self._heart.beat("reading an answer")
            received, reply, is_data = self._decode(reply, job)
            packets = [packet for packet in received if self._is_new(packet, job)]
            if packets:
                yield packets
            if not self._stop.is_set():
                self._go_on(job, reply, received, is_data)
        self.is_done = not self._stop.is_set()

    def close(self) -> None:
        """End `packets()` from another thread, in the middle of a transfer too."""
        self._stop.set()
        self._client.close()

    def _decode(self, reply: Reply, job: Job) -> tuple[list[Packet], Reply, bool]:
        """The packets of an answer that hold wanted samples, what it shows of itself, and whether it was miniSEED."""
        packets: list[Packet] = []
        if reply.status != 200 or not reply.body:
            return packets, reply, True
        damages: list[tuple[int, int, str]] = []
        n_records = 0
        for record in mseed.split(reply.body, lambda *damage: damages.append(damage)):
            n_records += 1
            try:
                packet = mseed.decode(record.raw, received_ns=now_ns())
            except RecordError as error:
                self._reject(record.raw, f"{self._client.address}: {error}")
                continue
            if any(_inside(packet, gap) for gap in job.gaps):
                packets.append(packet)
        for offset, length, reason in damages if n_records else ():  # a page for people is not for the quarantine
            if offset + length < len(reply.body):
                self._reject(reply.body[offset : offset + length], f"{self._client.address}: {reason}")
            else:
                reply = replace(reply, fault=reply.fault or f"the answer broke off: {reason}")
        return packets, reply, n_records > 0

    def _is_new(self, packet: Packet, job: Job) -> bool:
        """Whether it did not come with the request for the neighbouring gap already."""
        if not any(
            packet.start_ns < gap.start_ns or packet.next_ns > gap.end_ns for gap in job.gaps if _inside(packet, gap)
        ):
            return True
        key = (packet.source_id, packet.start_ns, crc32(packet.raw))
        known = key in self._across
        self._across.add(key)
        return not known

    def _go_on(self, job: Job, reply: Reply, received: list[Packet], is_data: bool) -> None:
        spans: dict[SourceId, list[Span]] = {}
        for packet in received:
            if span := span_of(packet):
                spans.setdefault(packet.source_id, []).append(span)
        left = tuple(hole for gap in job.gaps for hole in missing(gap, spans.get(gap.source_id, ())))
        decision = decide(job, reply, left, is_data=is_data, max_tries=self._settings.tries)
        self.missing += decision.missing
        self._jobs.extendleft(reversed(decision.jobs))
        again = [gap for next_job in decision.jobs for gap in next_job.gaps]
        self._progress(total_s(job.gaps) - total_s(again))
        if not decision.failed:
            self._n_failures = self._n_failed_jobs = 0
            return
        self._n_failures += 1
        self._n_failed_jobs += bool(decision.missing)
        self._rest(reply, decision.missing)

    def _rest(self, reply: Reply, given_up: tuple[Missing, ...]) -> None:
        """Pause, or leave a server alone that is not well."""
        settings = self._settings
        pause_s = backoff_s(self._n_failures, settings.retry_min_s, settings.retry_max_s, random.random())
        asked_s = reply.retry_after_s or 0.0
        if asked_s > settings.max_wait_s:
            self._leave(f"the server asks for a pause of {asked_s:g} s ({reply.explanation})")
        elif self._n_failed_jobs >= _MAX_FAILED_JOBS:
            self._leave(f"not asked for: the server failed too often ({given_up[-1].reason})")
        elif self._jobs:
            pause_s = max(pause_s, asked_s)
            _log.info("%s: %s; next request in %.1f s", self._client.address, reply.explanation, pause_s)
            self._heart.beat("waiting for the next request", within_s=pause_s)
            self._stop.wait(pause_s)

    def _leave(self, reason: str) -> None:
        gaps = [gap for job in self._jobs for gap in job.gaps]
        self._jobs.clear()
        self.missing += [Missing(gap, reason, absent=False) for gap in gaps]
        self._progress(total_s(gaps))


def _inside(packet: Packet, gap: Gap) -> bool:
    return packet.source_id == gap.source_id and packet.start_ns < gap.end_ns and gap.start_ns < packet.next_ns
