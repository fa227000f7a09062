"""Events looked at as their waveforms come; nothing that goes wrong there stops what goes on beside it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from detection.inspection.agenda import Agenda, Entry
from detection.inspection.inspector import Inspector
from detection.inspection.waveforms import Waveforms
from houfeng.errors import HoufengError
from houfeng.types import Event, Packet

_log = logging.getLogger(__name__)

# At one time: what is behind it waits no longer than it must when an aftershock series is read again.
_AT_ONCE = 4


class Lookout:
    """Looks at events when it is time, where their waveforms are kept.

    Parameters
    ----------
    inspector : says what waveforms tell of an event
    waveforms : where they are read; what the packets given to `observe` bring must be there already
    agenda : says when it is time
    """

    def __init__(self, inspector: Inspector, waveforms: Waveforms, agenda: Agenda) -> None:
        self._inspector = inspector
        self._waveforms = waveforms
        self._agenda = agenda

    def observe(self, packets: Sequence[Packet]) -> None:
        """Note how far the data have come."""
        self._agenda.observe(packets)

    def note(self, event: Event) -> None:
        """An event, located with its P onsets alone, is new or has others now."""
        self._agenda.note(event, self._inspector.s_spans(event), self._inspector.magnitude_spans(event))

    def drop(self, event_id: str) -> None:
        """An event is none any more."""
        self._agenda.drop(event_id)

    def snapshot(self) -> dict[str, Any]:
        """Where it is with each event, as JSON can hold it."""
        return self._agenda.snapshot()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on where another was; its events must have been noted before."""
        self._agenda.restore(snapshot)

    def looked_at(self) -> Iterator[Event]:
        """Events as a look at them left them, those whose time has come."""
        yield from self._look(self._agenda.due()[:_AT_ONCE])

    def finish(self) -> Iterator[Event]:
        """The same of every event that waits: the data have ended."""
        yield from self._look(self._agenda.pending())

    def _look(self, entries: Iterable[Entry]) -> Iterator[Event]:
        for entry in entries:
            event_id = entry.event.public_id
            try:
                event = self._inspector.inspect(entry.event, self._waveforms)
            except (HoufengError, OSError) as error:
                if not entry.n_failures:
                    _log.warning("%s: it is looked at again later: %s", event_id, error)
                self._agenda.postpone(entry)
            except Exception:  # one event must not end the detection of all others
                _log.exception("%s: it could not be looked at; it stays as its P onsets have it", event_id)
                self._agenda.give_up(entry)
            else:
                self._agenda.looked_at(entry, self._inspector.magnitude_spans(event))
                yield event
