"""Networks that a configuration takes in from other files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from configs import load
from configs.load import given
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


def piped(text: str) -> tuple[int, str]:
    """The end of a pipe to read from, which tells this text once and then nothing, and its path."""
    to_read, to_write = os.pipe()
    os.write(to_write, text.encode())
    os.close(to_write)
    return to_read, f"/dev/fd/{to_read}"


def test_every_file_is_read_once() -> None:
    inner, included = piped(TAS + "[detection]\noff_ratio = 1.25\n")
    outer, path = piped(f"include = ['{included}']\n[web]\nport = 1\n")
    settings = load(path)
    os.close(inner)
    os.close(outer)
    assert (settings.web.port, settings.detection.off_ratio) == (1, 1.25)
    assert [site.code for site in settings.station] == ["CK.TAS"]


def test_what_two_files_have_is_refused_with_both_names(main: Path) -> None:
    main.write_text(main.read_text() + TAS + GEOFON)
    included = main.parent / "a" / "geofon.toml"
    assert refused(main) == [
        f"{included}: seedlink[geofon]: {main} has it as well; one must go",
        f"{included}: station[CK.TAS]: {main} has it as well; one must go",
    ]


@pytest.mark.parametrize("text", ["include = ['geofon.toml']", "[web]\nport = 2", "[location]\nmodel = 'ak135'"])
def test_an_included_file_describes_networks_only(main: Path, text: str) -> None:
    """In particular it includes no others, so there are no circles."""
    included = main.parent / "a" / "geofon.toml"
    included.write_text(text)
    (line,) = refused(main)
    assert line.startswith(f"{included}: {text.split()[0].strip('[]')}: ")
    assert line.endswith("an included file has seedlink, fdsn, agency, network, station, inventory, detection only")


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


def test_detection_is_taken_from_an_included_file(main: Path) -> None:
    """Before the preset, and judged with the keys of the file that includes it."""
    tuned = main.parent / "a" / "geofon.toml"
    tuned.write_text("[detection]\non_ratio = 25.0\nbands = [[2.0, 8.0]]\n")
    main.write_text(f"preset = 'regional'\n{main.read_text()}[detection]\nlta_s = 40.0\n")
    detection = load(main).detection
    assert (detection.on_ratio, detection.bands, detection.lta_s, detection.sta_s) == (25.0, ((2.0, 8.0),), 40.0, 1.0)
    assert given(main)["detection.on_ratio"] == str(tuned)
    plain = main.parent / "plain.toml"
    plain.write_text("preset = 'regional'\n[detection]\nlta_s = 40.0\non_ratio = 25.0\nbands = [[2.0, 8.0]]\n")
    assert load(plain).detection == detection


def test_faults_of_an_included_detection_name_its_file(main: Path) -> None:
    tuned = main.parent / "a" / "geofon.toml"
    for text, fault in (
        ("on_ration = 3.0", "detection.on_ration: there is no such key"),
        ("on_ratio = 99.0", "detection.on_ratio: less than lta_s / sta_s"),
    ):
        tuned.write_text(f"[detection]\n{text}\n")
        (line,) = refused(main)
        assert line.startswith(f"{tuned}: {fault}")
    tuned.write_text("[detection]\non_ratio = 3.0\n")
    main.write_text(f"{main.read_text()}[detection]\non_ratio = 3.5\n")
    assert refused(main) == [f"{tuned}: detection.on_ratio: {main} has it as well; one must go"]
