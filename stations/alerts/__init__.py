"""Alerts: when stations need somebody, one alert for one cause; what it likely is, and what was done about it."""

from stations.alerts.alert import (
    Action,
    Alert,
    Child,
    Group,
    Handling,
    Kind,
    Severity,
    Step,
    Watch,
    escalation,
    handling,
)
from stations.alerts.book import AlertBook, Changes
from stations.alerts.scene import Scene, ServerSight

__all__ = [
    "Action",
    "Alert",
    "AlertBook",
    "Changes",
    "Child",
    "Group",
    "Handling",
    "Kind",
    "Scene",
    "ServerSight",
    "Severity",
    "Step",
    "Watch",
    "escalation",
    "handling",
]
