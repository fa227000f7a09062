"""What the daemon and its sessions share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from acquisition.daemon.statuses import StatusChanges
from acquisition.heartbeat import Heartbeats
from acquisition.tally import Tally
from acquisition.unpacking import Unpacker


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the daemon and its sessions share, and what outlives a session.

    Parameters
    ----------
    stop : set when the daemon shall drain and end
    reload : set when it shall read its configuration again
    restart : set when it shall end its session and begin another of the same configuration
    heartbeats : of the daemon's parts
    tally : of the archive's work
    unpacker : makes archived records readable, and counts those that are not
    status_changes : that the database does not have yet
    """

    stop: threading.Event = field(default_factory=threading.Event)
    reload: threading.Event = field(default_factory=threading.Event)
    restart: threading.Event = field(default_factory=threading.Event)
    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    tally: Tally = field(default_factory=Tally)
    unpacker: Unpacker = field(default_factory=Unpacker)
    status_changes: StatusChanges = field(default_factory=StatusChanges)
