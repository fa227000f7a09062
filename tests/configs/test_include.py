"""Networks that a configuration takes in from other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs import load
from houfeng.errors import ConfigError

GEOFON = "[[seedlink]]\nname = 'geofon'\naddress = 'geofon.gfz.de:18000'\nstreams = ['CK.TAS.*.HH?']\n"
TAS = "[[station]]\ncode = 'CK.TAS'\n"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """A configuration that includes a/geofon.toml, which is there, and a station of its own."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "geofon.toml").write_text(GEOFON + "tls = true\ntls_ca_file = 'ca.pem'\n" + TAS)
    path = tmp_path / "houfeng.toml"
    path.write_text(
        "include = ['a/geofon.toml']\n[web]\nport = 1\n[inventory]\nfiles = ['x.xml']\n[[station]]\ncode = 'KR.NRN'\n"
    )
    return path


def refused(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(path)
    return str(raised.value).splitlines()


def test_what_is_included_comes_behind(main: Path) -> None:
    settings = load(main)
    assert settings.web.port == 1
    assert [site.code for site in settings.station] == ["KR.NRN", "CK.TAS"]
    assert [server.name for server in settings.seedlink] == ["geofon"]
    assert settings.include == (str(main.parent / "a" / "geofon.toml"),)


def test_relative_paths_start_at_the_file_they_stand_in(main: Path) -> None:
    included = main.parent / "a" / "geofon.toml"
    included.write_text(included.read_text() + "[inventory]\nfiles = ['*.xml']\n")
    settings = load(main)
    assert settings.seedlink[0].tls_ca_file == str(main.parent / "a" / "ca.pem")
    assert settings.inventory.files == (str(main.parent / "x.xml"), str(main.parent / "a" / "*.xml"))


def test_one_file_named_twice_counts_once(main: Path) -> None:
    main.write_text("include = ['a/geofon.toml', 'a/geofon.toml']\n")
    assert len(load(main).seedlink) == 1


def test_what_two_files_have_is_refused_with_both_names(main: Path) -> None:
    main.write_text(main.read_text() + TAS + GEOFON)
    included = main.parent / "a" / "geofon.toml"
    assert refused(main) == [
        f"{included}: seedlink[geofon]: {main} has it as well; one must go",
        f"{included}: station[CK.TAS]: {main} has it as well; one must go",
    ]


@pytest.mark.parametrize("text", ["include = ['geofon.toml']", "[web]\nport = 2", "[detection]\nsta_s = 0.4"])
def test_an_included_file_describes_networks_only(main: Path, text: str) -> None:
    """In particular it includes no others, so there are no circles."""
    included = main.parent / "a" / "geofon.toml"
    included.write_text(text)
    (line,) = refused(main)
    assert line.startswith(f"{included}: {text.split()[0].strip('[]')}: ")
    assert line.endswith("an included file has seedlink, fdsn, station, inventory only")


def test_every_fault_of_every_included_file_is_told(main: Path) -> None:
    folder = main.parent
    (folder / "b.toml").write_text("[[station]]\ncod = 'A.B'\n")
    (folder / "c.toml").write_text("[[fdsn]]\n")
    main.write_text("include = ['b.toml', 'absent.toml', 'c.toml']\n")
    assert refused(main) == [
        f"{folder}/b.toml: station[1].cod: there is no such key; did you mean station[1].code?",
        f"{folder}/b.toml: station[1].code: a text in quotes is needed, the key is missing",
        f"{folder}/absent.toml: cannot be read: No such file or directory",
        f"{folder}/c.toml: fdsn[1].address: a text in quotes is needed, the key is missing",
    ]
