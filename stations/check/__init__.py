"""Is a StationXML document fit to be imported? Rules that say where, what was found and what was expected."""

from stations.check.document import check_stationxml
from stations.check.findings import RULES, Finding, Severity

__all__ = ["RULES", "Finding", "Severity", "check_stationxml"]
