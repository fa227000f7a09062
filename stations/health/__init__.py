"""How stations are: metrics from the stream, the status rule, and reasons that an operator can check."""

from stations.health.status import ChannelStatus, Metrics, Reading, State, StationStatus

__all__ = ["ChannelStatus", "Metrics", "Reading", "State", "StationStatus"]
