"""How stations are: metrics from the stream, the status rule, and reasons that an operator can check."""

from stations.health.monitor import HealthMonitor
from stations.health.status import WORST_FIRST, ChannelStatus, Metrics, Reading, State, StationStatus, why_unseen, worst

__all__ = [
    "WORST_FIRST",
    "ChannelStatus",
    "HealthMonitor",
    "Metrics",
    "Reading",
    "State",
    "StationStatus",
    "why_unseen",
    "worst",
]
