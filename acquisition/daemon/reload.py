"""What a new configuration changes, and how much must begin anew for it."""

from __future__ import annotations

from configs import Settings, difference
from houfeng.network import Network
from stations.changes import changes

# Taken on by the running session, undisturbed servers and all, or by processes beside it. Whatever is not listed here
# begins a new session: new settings are safe before anybody has thought about them.
_IN_PLACE = (
    "seedlink[",
    "fdsn[",
    "agency[",
    "network[",
    "seedlink_server.",
    "web.",
    "alerts.",
    "recipient[",
    "smtp.",
    "delivery.",
    "retention.",
    "daemon.probe",
    "daemon.stuck_s",
    "daemon.log_format",
)
_NOT_IN_PLACE = ("seedlink_server.enabled", "seedlink_server.history_h")


def described(old: tuple[Settings, Network], new: tuple[Settings, Network]) -> list[str]:
    """One line for each key, station and channel epoch that differs, without passwords."""
    lines = [change.text for change in difference(old[0], new[0])]
    return lines + [f"{change.what}: {change.text}" for change in changes(old[1].inventory, new[1].inventory)]


def fits_running_session(old: tuple[Settings, Network], new: tuple[Settings, Network]) -> bool:
    """Whether a session can take the new configuration on without letting go of archive, detector and servers."""
    keys = [change.key for change in difference(old[0], new[0])]
    # association knows where the stations are from its beginning
    return old[1].inventory == new[1].inventory and all(
        key.startswith(_IN_PLACE) and key not in _NOT_IN_PLACE for key in keys
    )
