"""What `houfeng demo` can play, and the configuration that each programme wants."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from houfeng.codes import SYNTHETIC_NETWORK
from houfeng.demo import DEMO_CRUST, DemoSettings, StationFault, demo_sites
from houfeng.demo_records import Recording, builtin_recording, folder_recording
from houfeng.demo_region import places, region_recording, region_sites, simulation
from houfeng.synthetic.region import REGIONS
from houfeng.synthetic.writing import metadata
from stations.settings import SiteSettings

# In the languages of the page, by the keys of [web].
_BUILTIN_NOTICE = {
    "notice": "Demonstration: records of 27 May 2010 from Unterhaching, Germany, played as if they happened now. "
    "Station UH4 loses records on purpose.",
    "notice_zh": "演示：2010 年 5 月 27 日德国 Unterhaching 的真实记录，以当前时间回放。台站 UH4 故意丢失部分记录。",
    "notice_ru": "Демонстрация: записи 27 мая 2010 г. из Унтерхахинга (Германия) идут так, будто всё происходит "
    "сейчас. Станция UH4 теряет записи намеренно.",
}
_FOLDER_NOTICE = {
    "notice": "Demonstration: archived records from {folder}, played as if they happened now.",
    "notice_zh": "演示：{folder} 中的存档记录，以当前时间回放。",
    "notice_ru": "Демонстрация: записи из архива {folder} идут так, будто всё происходит сейчас.",
}
_SYNTHETIC_NOTICE = {
    "notice": "SYNTHETIC: a computer makes all records, earthquakes and faults. Only the places of the stations are "
    "real; no such earthquake happened.",
    "notice_zh": "合成数据：所有记录、地震和故障均由计算机生成。只有台站位置是真实的；这些地震并未发生。",
    "notice_ru": "СИНТЕТИКА: все записи, землетрясения и неисправности созданы компьютером. Настоящие только места "
    "станций; таких землетрясений не было.",
}


@dataclass(frozen=True, slots=True)
class Programme:
    """One thing to play.

    Parameters
    ----------
    settings, recording : what the feed takes
    notice : on every page, by the keys of [web]
    said : what is played, for the terminal
    remark : what to look at, for the terminal; "" for nothing
    sites : stations that no StationXML describes
    inventory_files : StationXML
    preset : of detection; "" for none
    tables : more of the configuration
    """

    settings: DemoSettings
    recording: Recording
    notice: Mapping[str, str]
    said: str
    remark: str = ""
    sites: tuple[SiteSettings, ...] = ()
    inventory_files: tuple[Path, ...] = ()
    preset: str = ""
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def written(self, seedlink_address: str, web_host: str, web_port: int, probe_port: int) -> str:
        """A configuration like any other, so that every command works on the demo's data too."""
        tables: dict[str, Mapping[str, object]] = {
            "[[seedlink]]": {
                "name": "demo",
                "address": seedlink_address,
                "streams": [str(source_id) for source_id in self.recording.source_ids],
            },
            "[inventory]": {"files": [str(path.resolve()) for path in self.inventory_files]},
            # Records come every second here: a station that is late for 10 s has a fault worth a look.
            "[health]": {
                "total_latency_warn_s": 10.0,
                "total_latency_bad_s": 30.0,
                "feed_latency_warn_s": 10.0,
                "feed_latency_bad_s": 30.0,
                "availability_min_watch_s": 60.0,
            },
            "[daemon]": {"report_interval_s": 2.0, "probe_port": probe_port},
            "[web]": {"host": web_host, "port": web_port, **self.notice},
            **self.tables,
        }
        lines = ["# Written by `houfeng demo`.", *([f'preset = "{self.preset}"'] if self.preset else ())]
        lines += _toml(tables)
        for site in self.sites:
            lines += _toml({"[[station]]": {key: value for key, value in asdict(site).items() if value is not None}})
        return "\n".join(lines) + "\n"


def _toml(tables: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for name, keys in tables.items():
        yield f"\n{name}"
        # strings, numbers and lists of them are written alike in JSON and TOML
        yield from (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items())


def builtin(speed: float = 1.0) -> Programme:
    """The records that come with ObsPy.

    Raises
    ------
    SourceError : if they did not
    ConfigError : if another speed is asked for: only a folder can be played faster
    """
    return Programme(
        settings=DemoSettings(speed=speed),
        recording=builtin_recording(),
        notice=_BUILTIN_NOTICE,
        said="real records played as if they happened now",
        remark="The first earthquake comes in about 30 s; UH4 loses records on purpose.",
        sites=demo_sites(),
        tables={"[location]": DEMO_CRUST},
    )


def of_folder(folder: Path, speed: float) -> Programme:
    """Somebody's own records.

    Raises
    ------
    SourceError : if there is nothing to play; the message names the folder
    ConfigError : if the speed cannot be
    """
    settings = DemoSettings(data=str(folder), speed=speed)
    recording = folder_recording(folder)
    return Programme(
        settings=settings,
        recording=recording,
        notice={key: text.replace("{folder}", str(folder)) for key, text in _FOLDER_NOTICE.items()},
        said="real records played as if they happened now",
        inventory_files=recording.inventory_files,
    )


def of_region(name: str, folder: Path, speed: float = 1.0) -> Programme:
    """A synthetic network of a region; its StationXML is written into the folder.

    Raises
    ------
    ConfigError : if another speed is asked for
    """
    region = REGIONS[name]
    sites = region_sites(region)
    inventory = folder / "stations.xml"
    metadata(simulation(region, start_ns=0), places(sites)).write(str(inventory), format="STATIONXML")
    by_link = [site.code for site in sites if site.link]
    lost = StationFault(f"{SYNTHETIC_NETWORK}.{region.gappy_station}")
    silent = [StationFault(code, gap_s=0.0, silent_after_s=150.0, silent_s=150.0) for code in by_link]
    return Programme(
        settings=DemoSettings(speed=speed, faults=(lost, *silent)),
        recording=region_recording(region, sites),
        notice=_SYNTHETIC_NOTICE,
        said="SYNTHETIC records at the places of real stations",
        remark=(
            f"An earthquake every {region.every_s / 60:g} min. Made to fail: {region.flat_station} is dead, "
            f"{region.spiky_station} has spikes, {region.gappy_station} loses records, and the link of "
            f"{len(by_link)} stations of {region.link_country} is silent from time to time."
        ),
        sites=sites,
        inventory_files=(inventory,),
        preset="regional",
    )


def chosen(data: Path | None, speed: float, region: str | None, folder: Path) -> Programme:
    """What the options of the command ask for."""
    if region is not None:
        return of_region(region, folder, speed)
    return of_folder(data, speed) if data is not None else builtin(speed)
