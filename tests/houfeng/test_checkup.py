"""What a look at files, disk and database adds to the remarks on a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from obspy import UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Site, Station

from acquisition.archive_space import MIB
from acquisition.fdsn.settings import FdsnSettings
from acquisition.settings import ArchiveSettings, SeedLinkServerSettings, SeedLinkSettings
from configs import Settings
from configs.remarks import Remark
from database.settings import DatabaseSettings
from database.store import Store
from detection.settings import AssociationSettings, DetectionSettings
from houfeng import checkup, metadata_remarks
from houfeng.installation import free_bytes
from houfeng.types import Cursor
from stations.settings import InventorySettings, SiteSettings

II = SeedLinkSettings("i", "127.0.0.1:18000", ("II.AAK.00.BHZ", "II.NIL.00.BH?"))
AAK, NIL = SiteSettings("II.AAK", 42.6375, 74.4942), SiteSettings("II.NIL", 33.6506, 73.2686)
BEGAN = UTCDateTime("2020-01-01")


def told(found: Iterable[Remark]) -> list[tuple[str, str]]:
    return [(str(remark.level), remark.key) for remark in found]


@pytest.fixture
def documented(tmp_path: Path) -> InventorySettings:
    """StationXML of II.AAK (20 Hz) and II.NIL (40 Hz), whose channels are open."""
    stations = [
        Station(
            site.code.partition(".")[2],
            site.latitude_deg,
            site.longitude_deg,
            0.0,
            site=Site("a place"),
            channels=[
                Channel(
                    "BHZ", "00", site.latitude_deg, site.longitude_deg, 0.0, 0.0, sample_rate=rate_hz, start_date=BEGAN
                )
            ],
            start_date=BEGAN,
        )
        for site, rate_hz in ((AAK, 20.0), (NIL, 40.0))
    ]
    Inventory([Network("II", stations)], "test").write(str(tmp_path / "ii.xml"), format="STATIONXML")
    return InventorySettings((str(tmp_path / "*.xml"),))


def test_a_sound_configuration_has_no_remark(tmp_path: Path, documented: InventorySettings) -> None:
    settings = Settings(
        archive=ArchiveSettings(str(tmp_path / "archive"), ballast_mib=1, min_free_mib=1),
        database=DatabaseSettings(f"sqlite:///{tmp_path}/houfeng.db"),
        seedlink=(II,),
        inventory=documented,
        detection=DetectionSettings(bands=((1.0, 4.0),)),
        association=AssociationSettings(min_stations=2),
    )
    (tmp_path / "houfeng.toml").touch()
    assert checkup.examine(settings, tmp_path / "houfeng.toml") == []


def test_the_disk_is_held_against_what_is_kept_of_it(tmp_path: Path) -> None:
    free_mib = free_bytes(tmp_path) // MIB

    def disk(**limits: int) -> list[tuple[str, str]]:
        limits = {"ballast_mib": 0, "min_free_mib": 0} | limits
        return told(checkup.disk(Settings(archive=ArchiveSettings(str(tmp_path / "not yet"), **limits))))

    assert disk(ballast_mib=2 * free_mib) == [("error", "archive.ballast_mib")]
    assert disk(ballast_mib=2 * free_mib // 3) == [("warning", "archive.ballast_mib")]
    assert disk(min_free_mib=2 * free_mib) == [("warning", "archive.min_free_mib")]
    assert disk(ballast_mib=free_mib // 3, min_free_mib=free_mib // 3) == []


def test_a_ballast_that_is_there_needs_no_more_room(tmp_path: Path) -> None:
    (tmp_path / ".ballast").touch()
    huge = ArchiveSettings(str(tmp_path), ballast_mib=2 * free_bytes(tmp_path) // MIB, min_free_mib=0)
    assert told(checkup.disk(Settings(archive=huge))) == []


@pytest.mark.parametrize(("kind", "n_remarks"), [("nfs4", 1), ("fuse.sshfs", 1), ("ext4", 0)])
def test_sqlite_on_a_network_file_system_is_told(tmp_path: Path, kind: str, n_remarks: int) -> None:
    (tmp_path / "far away").mkdir()
    mountinfo = tmp_path / "mountinfo"
    point = str(tmp_path / "far away").replace(" ", "\\040")
    mountinfo.write_text(f"22 1 0:21 / / rw - ext4 /dev/a rw\n36 22 0:41 / {point} rw,noatime shared:1 - {kind} x rw\n")
    settings = Settings(database=DatabaseSettings(f"sqlite:///{tmp_path}/far away/not yet/houfeng.db"))
    assert told(checkup.database(settings, mountinfo)) == n_remarks * [("warning", "database.url")]
    near = Settings(database=DatabaseSettings(f"sqlite:///{tmp_path}/houfeng.db"))
    assert told(checkup.database(near, mountinfo)) == []


def test_the_file_system_of_a_folder_is_read_from_this_computer(tmp_path: Path) -> None:
    assert checkup.file_system(tmp_path)
    assert checkup.file_system(tmp_path, tmp_path / "none") == ""


def test_a_password_that_everybody_can_read_is_told_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "houfeng.toml"
    path.touch(0o644)
    path.chmod(0o644)
    secret, plain = (Settings(database=DatabaseSettings(f"postgresql://u{word}@h/d")) for word in (":hunter2", ""))
    (remark,) = checkup.password(secret, path)
    assert "hunter2" not in remark.text
    assert list(checkup.password(plain, path)) == []
    path.chmod(0o640)
    assert list(checkup.password(secret, path)) == []


def test_credentials_and_addresses_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(**changes: object) -> list[tuple[str, str]]:
        server = replace(II, tls=True, auth="jwt", **changes)  # type: ignore[arg-type]
        return told(checkup.credentials(Settings(seedlink=(server,))))

    monkeypatch.delenv("HOUFENG_TEST_TOKEN", raising=False)
    token = tmp_path / "token"
    assert tried(secret="env:HOUFENG_TEST_TOKEN") == [("warning", "seedlink[i].secret")]
    assert tried(secret=f"file:{token}") == [("warning", "seedlink[i].secret")]
    token.write_text("abc")
    monkeypatch.setenv("HOUFENG_TEST_TOKEN", "abc")
    assert tried(secret="env:HOUFENG_TEST_TOKEN") == tried(secret=f"file:{token}") == []
    assert tried(secret=f"file:{token}", tls_ca_file=str(token)) == [("error", "seedlink[i].tls_ca_file")]
    unknown, known = Settings(fdsn=(FdsnSettings("GFX"),)), Settings(fdsn=(FdsnSettings("GFZ"),))
    assert told(checkup.credentials(unknown)) == [("error", "fdsn[GFX].address")]
    assert told(checkup.credentials(known)) == []


@pytest.mark.parametrize(("enabled", "level"), [(True, "error"), (False, "warning")])
def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path, *, enabled: bool, level: str) -> None:
    files = {"tls_certificate": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    served = SeedLinkServerSettings(enabled=enabled, **files)  # type: ignore[arg-type]
    found = told(checkup.credentials(Settings(seedlink_server=served)))
    assert found == [(level, "seedlink_server.tls_certificate")]


def test_begin_has_no_effect_on_stations_that_were_received(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/houfeng.db"
    begun = Settings(database=DatabaseSettings(url), seedlink=(replace(II, begin="2026-01-01"),))
    assert list(checkup.begun(begun)) == []
    assert not (tmp_path / "houfeng.db").exists(), "to check must not make a database"
    store = Store.open(url)
    assert list(checkup.begun(begun)) == []
    store.run(lambda unit: unit.save_cursors("i", {"II.AAK": Cursor(1, 2)}))
    store.close()
    (remark,) = checkup.begun(begun)
    assert (str(remark.level), remark.key) == ("note", "seedlink[i].begin")
    assert "II.AAK" in remark.text
    assert list(checkup.begun(replace(begun, seedlink=(II,)))) == []


def test_a_database_that_does_not_answer_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "houfeng.db").write_text("no database " * 1000)
    url = DatabaseSettings(f"sqlite:///{tmp_path}/houfeng.db")
    (remark,) = checkup.begun(Settings(database=url, seedlink=(replace(II, begin="2026-01-01"),)))
    assert (str(remark.level), remark.key) == ("note", "seedlink.begin")


def test_sampling_rates_are_held_against_the_band(documented: InventorySettings) -> None:
    def bands(low_hz: float, high_hz: float) -> list[tuple[str, str]]:
        band = DetectionSettings(bands=((low_hz, high_hz),))
        settings = Settings(seedlink=(II,), inventory=documented, detection=band)
        return told(metadata_remarks.metadata(settings))

    assert bands(7, 20) == [("warning", "detection"), ("note", "detection.bands")]
    assert bands(2, 16) == [("note", "detection.bands")]
    assert bands(2, 8) == []
    assert bands(0.1, 1.0) == []


def test_only_channels_that_are_wanted_and_watched_count(documented: InventorySettings) -> None:
    settings = Settings(seedlink=(replace(II, streams=("II.NIL.*.BH?",)),), inventory=documented)
    assert told(metadata_remarks.metadata(settings)) == [("note", "detection.bands")]
    elsewhere = replace(settings, detection=DetectionSettings(channels=("*.*.*.HHZ",)))
    assert told(metadata_remarks.metadata(elsewhere)) == []


def test_stations_without_a_position_are_named() -> None:
    settings = Settings(seedlink=(replace(II, streams=(*II.streams, "GE.K*.*.*")),), station=(AAK,))
    (remark,) = metadata_remarks.metadata(settings)
    assert remark.key == "seedlink[i].streams"
    assert "II.NIL" in remark.text
    assert "II.AAK" not in remark.text
    bare = replace(settings, station=(AAK, SiteSettings("II.NIL")))
    assert told(metadata_remarks.metadata(bare)) == [("warning", "station[II.NIL]")]


def test_documents_that_are_left_out_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<a/>")
    settings = Settings(inventory=InventorySettings((f"{tmp_path}/a.xml", f"{tmp_path}/b.xml")))
    missing, broken = metadata_remarks.metadata(settings)
    assert missing.text == f"{tmp_path}/b.xml matches no file"
    assert "a.xml" in broken.text
    assert {missing.key, broken.key} == {"inventory.files"}


def test_memory_must_outlast_the_waves() -> None:
    # twice the 1000 km from the first to the farthest at the 3.3 km/s of S, and 20 s: 629 s
    settings = Settings(station=(AAK, NIL), association=AssociationSettings(memory_s=100.0))
    assert told(metadata_remarks.metadata(settings)) == [("warning", "association.memory_s")]
    assert told(metadata_remarks.metadata(replace(settings, association=AssociationSettings(memory_s=660.0)))) == []


def test_reports_must_come_before_a_status_is_stale() -> None:
    settings = Settings()
    rare = replace(settings, daemon=replace(settings.daemon, report_interval_s=121.0))
    assert told(metadata_remarks.metadata(rare)) == [("warning", "daemon.report_interval_s")]
    assert told(metadata_remarks.metadata(settings)) == []
