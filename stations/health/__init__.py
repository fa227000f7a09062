"""How stations are: metrics from the stream, the status rule, and reasons that an operator can check."""

from stations.health.monitor import HealthMonitor
from stations.health.status import ChannelStatus, Metrics, Reading, State, StationStatus, as_seen_at, worst

__all__ = [
    "ChannelStatus",
    "HealthMonitor",
    "Metrics",
    "Reading",
    "State",
    "StationStatus",
    "as_seen_at",
    "worst",
]
