"""What to ask an FDSN web service for, and what to do next after an answer: decisions without sockets and clocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from acquisition.fdsn.coverage import join, pieces, total_s
from houfeng.times import NS_PER_S, seconds_ns
from houfeng.types import Gap

# Lines of one request: servers refuse longer lists, and one bad line spoils fewer good ones.
MAX_LINES = 200
# A request that is too large even for one channel and so little time cannot be made smaller in earnest.
_MIN_SPLIT_NS = 60 * NS_PER_S
# One empty answer may be a broken-off one that says 200; the second is believed.
_EMPTY_ANSWERS = 2

_NO_DATA = (204, 404)
_TOO_LARGE = (413, 414)
# The request itself displeases: asking again changes nothing, asking for less may.
_REFUSED = (400, 401, 403, 405, 410, 422, 451, 501)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request.

    Parameters
    ----------
    status : of HTTP; 0 when no HTTP answer came
    body : the bytes that arrived, up to the fault if there was one
    fault : why the transfer ended before its end; "" when HTTP calls it complete
    retry_after_s : pause that the server asked for; None when it asked for none
    content_type : as the server calls the body
    """

    status: int
    body: bytes = b""
    fault: str = ""
    retry_after_s: float | None = None
    content_type: str = ""

    @property
    def explanation(self) -> str:
        """One line for people: what went wrong."""
        if self.fault:
            return self.fault
        text = " ".join(self.body[:2000].decode("utf-8", "replace").split())
        words = "".join(letter for letter in text if letter.isprintable())[:120]
        return f"HTTP {self.status}" + (f": {words}" if words else "")


@dataclass(frozen=True, slots=True)
class Job:
    """Gaps of one request, and how many requests for them in a row brought nothing."""

    gaps: tuple[Gap, ...]
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """A gap that stays open, and why.

    Parameters
    ----------
    gap : what is not there
    reason : for people
    absent : whether the server says that it has no such data; otherwise the request failed
    """

    gap: Gap
    reason: str
    absent: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an answer.

    Parameters
    ----------
    jobs : requests to make next
    missing : gaps that are given up
    failed : whether the server or the link is to blame, so that a pause is due
    """

    jobs: tuple[Job, ...] = ()
    missing: tuple[Missing, ...] = ()
    failed: bool = False


def plan(gaps: Iterable[Gap], channel_hours: float) -> list[Job]:
    """Requests for these gaps, earliest first, each for at most so many hours summed over its channels."""
    most_ns = seconds_ns(channel_hours * 3600)
    parts = sorted(
        (part for gap in join(gaps) for part in pieces(gap, most_ns)), key=lambda gap: (gap.start_ns, gap.source_id)
    )
    jobs: list[Job] = []
    chunk: list[Gap] = []
    length_ns = 0
    for part in parts:
        if chunk and (length_ns + part.length_ns > most_ns or len(chunk) >= MAX_LINES):
            jobs.append(Job(tuple(chunk)))
            chunk, length_ns = [], 0
        chunk.append(part)
        length_ns += part.length_ns
    return [*jobs, Job(tuple(chunk))] if chunk else jobs


def split(gaps: tuple[Gap, ...]) -> tuple[tuple[Gap, ...], ...]:
    """Two halves, by channel while there are several gaps, else by time; one when it cannot be halved."""
    if len(gaps) > 1:
        middle = len(gaps) // 2
        return gaps[:middle], gaps[middle:]
    (gap,) = gaps
    if gap.length_ns < 2 * _MIN_SPLIT_NS:
        return (gaps,)
    middle_ns = gap.start_ns + gap.length_ns // 2
    return (Gap(gap.source_id, gap.start_ns, middle_ns),), (Gap(gap.source_id, middle_ns, gap.end_ns),)


def decide(job: Job, reply: Reply, left: tuple[Gap, ...], *, is_data: bool, max_tries: int) -> Decision:
    """What to do about the gaps of a job that its answer left open.

    Only samples close a gap. The status decides how the rest is asked for, and whether it is asked for at all.

    Parameters
    ----------
    job : what was asked for
    reply : the answer
    left : gaps still open after the samples of the answer
    is_data : whether the body was miniSEED, or empty
    max_tries : requests that bring nothing before a gap is given up
    """
    if not left:
        return Decision()
    if total_s(left) < total_s(job.gaps):
        # A broken-off answer is asked for in smaller parts; after a whole one the rest is asked for by itself.
        parts = split(left) if reply.fault else (left,)
        return Decision(jobs=tuple(Job(part) for part in parts))
    if reply.status in _NO_DATA:
        return _give_up(left, f"the server has no such data (HTTP {reply.status})", absent=True)
    if reply.status in _TOO_LARGE or reply.status in _REFUSED:
        parts = split(left) if reply.status in _TOO_LARGE or len(left) > 1 else (left,)
        if len(parts) == 1:
            return _give_up(left, f"refused: {reply.explanation}", absent=False)
        return Decision(jobs=tuple(Job(part) for part in parts))
    if reply.status == 200 and not reply.fault and is_data:
        if job.tries + 1 >= _EMPTY_ANSWERS:
            return _give_up(left, "the server answers without these samples", absent=True)
        return Decision(jobs=(Job(left, job.tries + 1),))
    reason = reply.explanation if reply.fault or reply.status != 200 else _not_data(reply)
    if job.tries + 1 >= max_tries:
        return Decision(missing=_give_up(left, reason, absent=False).missing, failed=True)
    parts = split(left) if reply.fault and reply.status == 200 else (left,)
    return Decision(jobs=tuple(Job(part, job.tries + 1) for part in parts), failed=True)


def joined(missing: Iterable[Missing]) -> list[Missing]:
    """The same in as few gaps as possible, by stream and time."""
    kinds: dict[tuple[str, bool], list[Gap]] = {}
    for lost in missing:
        kinds.setdefault((lost.reason, lost.absent), []).append(lost.gap)
    found = [Missing(gap, reason, absent) for (reason, absent), gaps in kinds.items() for gap in join(gaps)]
    return sorted(found, key=lambda lost: lost.gap)


def backoff_s(n_failures: int, least_s: float, most_s: float, chance: float) -> float:
    """Pause before the next request: doubled with every failure, half of it up to `chance` (0-1).

    Without chance, clients that a server threw out together would all come back together.
    """
    full = min(least_s * 2.0 ** min(n_failures - 1, 32), most_s)
    return full / 2 + full / 2 * chance


def _give_up(gaps: tuple[Gap, ...], reason: str, *, absent: bool) -> Decision:
    return Decision(missing=tuple(Missing(gap, reason, absent) for gap in gaps))


def _not_data(reply: Reply) -> str:
    return f"answered with {reply.content_type or 'something'} that is not miniSEED: {reply.body[:40]!r}"
