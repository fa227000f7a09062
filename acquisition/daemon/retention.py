"""What has been kept for long enough is deleted, once a day."""

from __future__ import annotations

import logging
from collections.abc import Callable

from acquisition.daemon.jobs import Job
from acquisition.daemon.link import StoreLink
from configs import Settings
from database.retention import purge
from database.store import Store
from houfeng.times import now_ns

_log = logging.getLogger(__name__)

_EVERY_S = 86_400.0
# A daemon that is started every morning purges as well, after what is urgent.
_FIRST_S = 300.0


def retention_job(settings: Callable[[], Settings], store: Store, link: StoreLink, first_s: float = _FIRST_S) -> Job:
    """A job that deletes what is older than `[retention]` says; nothing is tried while the database is away.

    Parameters
    ----------
    settings : the present ones, whenever they are asked for
    store, link : of the session
    first_s : after the start, seconds
    """

    def delete() -> None:
        if link.is_worth_trying:
            gone = purge(store, settings().retention, now_ns(), lambda: link.is_worth_trying)
            if any(gone.values()):
                _log.info("kept long enough and deleted: %s", ", ".join(f"{n} {name}" for name, n in gone.items()))

    return Job("retention", _EVERY_S, delete, first_s=first_s)
