"""The root of all settings."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from acquisition.fdsn.settings import FdsnSettings
from acquisition.settings import ArchiveSettings, DaemonSettings, SeedLinkServerSettings, SeedLinkSettings
from database.settings import DatabaseSettings, RetentionSettings
from detection.inspection.settings import InspectionSettings
from detection.judgement.settings import JudgementSettings
from detection.magnitude.settings import MagnitudeSettings
from detection.settings import AssociationSettings, DetectionSettings, LocationSettings
from houfeng.alerting.settings import DeliverySettings, RecipientSettings, SmtpSettings
from houfeng.errors import ConfigError
from stations.alerts.settings import AlertSettings
from stations.settings import (
    AgencySettings,
    HealthSettings,
    InventorySettings,
    MetricsSettings,
    NetworkSettings,
    SiteSettings,
)
from webui.settings import WebSettings

# Arrays of tables, and the key that tells their members apart.
MEMBER_NAMES = {"seedlink": "name", "fdsn": "address", "agency": "code", "network": "code", "station": "code"}
MEMBER_NAMES |= {"recipient": "name"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that one configuration file decides; configs/default.toml explains each key.

    Raises
    ------
    ConfigError : if two servers have one name, two web services one address, two recipients one name, or two
        stations, networks or agencies one code
    """

    preset: str = "local"
    include: tuple[str, ...] = ()
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    seedlink: tuple[SeedLinkSettings, ...] = ()
    seedlink_server: SeedLinkServerSettings = field(default_factory=SeedLinkServerSettings)
    fdsn: tuple[FdsnSettings, ...] = ()
    daemon: DaemonSettings = field(default_factory=DaemonSettings)
    inventory: InventorySettings = field(default_factory=InventorySettings)
    agency: tuple[AgencySettings, ...] = ()
    network: tuple[NetworkSettings, ...] = ()
    station: tuple[SiteSettings, ...] = ()
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    association: AssociationSettings = field(default_factory=AssociationSettings)
    location: LocationSettings = field(default_factory=LocationSettings)
    inspection: InspectionSettings = field(default_factory=InspectionSettings)
    judgement: JudgementSettings = field(default_factory=JudgementSettings)
    magnitude: MagnitudeSettings = field(default_factory=MagnitudeSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    recipient: tuple[RecipientSettings, ...] = ()
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    web: WebSettings = field(default_factory=WebSettings)

    def __post_init__(self) -> None:
        # the place in a server's stream is saved under the server's name: two of one name would overwrite each other
        for table, key in MEMBER_NAMES.items():
            _unique(table, key, (getattr(member, key) for member in getattr(self, table)))

    @property
    def config_hash(self) -> str:
        """SHA-256 of what decides which picks and events come from given records.

        Detection, association, location, inspection, magnitudes, judgement and the positions of the configured stations
        are in it. Left out is what cannot change a result: servers, folders, the database, health limits, the web page,
        the names of stations and who runs them.
        A key that is left out of the file and the same key written with its default give the same hash.
        """
        return hashlib.sha256(json.dumps(self.decisive, sort_keys=True).encode()).hexdigest()

    @property
    def decisive(self) -> dict[str, Any]:
        """What decides which picks and events come from given records: plain values, for JSON."""
        return {
            "detection": asdict(self.detection),
            "association": asdict(self.association),
            "location": asdict(self.location),
            "inspection": asdict(self.inspection),
            "judgement": asdict(self.judgement),
            "magnitude": asdict(self.magnitude),
            "station": sorted((s.code, s.latitude_deg, s.longitude_deg, s.elevation_m) for s in self.station),
        }

    def resolved(self, folder: Path) -> Settings:
        """The same settings with relative paths taken from `folder`."""
        return replace(
            self,
            include=tuple(str(folder / file) for file in self.include),
            archive=replace(self.archive, path=str(folder / self.archive.path)),
            database=self.database.resolved(folder),
            seedlink=tuple(server.resolved(folder) for server in self.seedlink),
            seedlink_server=self.seedlink_server.resolved(folder),
            fdsn=tuple(service.resolved(folder) for service in self.fdsn),
            recipient=tuple(recipient.resolved(folder) for recipient in self.recipient),
            smtp=self.smtp.resolved(folder),
            web=self.web.resolved(folder),
            inventory=replace(self.inventory, files=tuple(str(folder / file) for file in self.inventory.files)),
        )


def _unique(table: str, key: str, values: Iterable[str]) -> None:
    for value, n in Counter(values).items():
        if n > 1:
            raise ConfigError(f"{table}.{key}: each {table} must have its own {key}, {value!r} came {n} times")
