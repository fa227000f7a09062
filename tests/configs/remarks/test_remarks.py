"""Each remark is made where it is true, and not where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs import Settings, load
from configs.remarks import CHECKS, Level, remarks

GEOFON = "[[seedlink]]\nname = 'g'\naddress = 'geofon.gfz.de:18000'\nstreams = ['GE.*.*.?H?']\n"
IRIS = "[[seedlink]]\nname = 'i'\naddress = 'rtserve.iris.edu:18000'\nstreams = {}\n"
TLS_PORT = GEOFON.replace("18000", "18500")
ALONE = GEOFON.replace("*.*.?", "KBU.*.?")
GFZ = "[[fdsn]]\naddress = 'GFZ'\nstreams = ['GE.*.*.*']\n"
KR = GFZ.replace("GE", "KR")
OTHER = GFZ.replace("GFZ", "IRIS")
PUBLIC = "[web]\nhost = '0.0.0.0'\nreading = 'public'"
OFFERS = "[seedlink_server]\nenabled = true\n"
CERTIFICATE = "tls_certificate = 'a'\ntls_key = 'b'\n"
RULE = "[[seedlink_server.access]]\nstations = {}\naddresses = {}\n"
NRN = "[[station]]\ncode = 'KR.NRN'\n"

# What triggers it, what does not quite, level, key, a part of the text.
CASES = [
    # Servers.
    (GEOFON + "tls = true", GEOFON, "warning", "seedlink[g].tls", "on port 18000"),
    (
        TLS_PORT,
        TLS_PORT + "tls = true",
        "warning",
        "seedlink[g].tls",
        "mostly want",
    ),
    (
        GEOFON + "auth = 'jwt'\nsecret = 'env:X'",
        TLS_PORT + "tls = true\nauth = 'jwt'\nsecret = 'env:X'",
        "warning",
        "seedlink[g].secret",
        "unencrypted",
    ),
    (
        ALONE + "client = 'obspy'",
        ALONE,
        "note",
        "seedlink[g].client",
        "speaks SeedLink 3 only",
    ),
    (
        ALONE + "client = 'obspy'\nretry_min_s = 1",
        GEOFON + "retry_min_s = 1",
        "warning",
        "seedlink[g].retry_min_s",
        "every time",
    ),
    (
        GEOFON + "retry_min_s = 31",
        GEOFON + "retry_min_s = 30",
        "warning",
        "seedlink[g].retry_min_s",
        "no pause is longer",
    ),
    (GEOFON + "silent_s = 25", GEOFON + "silent_s = 26", "warning", "seedlink[g].silent_s", "each of its streams"),
    (GEOFON + "begin = '2100-01-01'", GEOFON + "begin = '2020-01-01'", "note", "seedlink[g].begin", "in the future"),
    (GEOFON + "end = '2020-01-01'", GEOFON + "end = '2100-01-01'", "warning", "seedlink[g].end", "is over"),
    (
        GEOFON + "end = '2100-01-01'",
        GEOFON + "begin = '2020-01-01'\nend = '2100-01-01'",
        "note",
        "seedlink[g].end",
        "without begin",
    ),
    (
        GEOFON + IRIS.format("['GE.KBU..BHZ']"),
        GEOFON + IRIS.format("['II.*.*.*']"),
        "note",
        "seedlink[i].streams",
        "also come",
    ),
    ("", GEOFON, "note", "seedlink", "receives nothing"),
    # Data centres.
    (GEOFON + KR, GEOFON + GFZ, "warning", "fdsn[GFZ].streams", "asks for KR.*.*.*"),
    (
        GFZ + OTHER,
        GFZ + OTHER.replace("GE", "II"),
        "note",
        "fdsn[IRIS].streams",
        "asked of",
    ),
    (GFZ + "delay_h = 0.5", GFZ + "delay_h = 1", "note", "fdsn[GFZ].delay_h", "an hour later"),
    (
        GFZ + "lookback_h = 2\ninterval_s = 3601",
        GFZ + "lookback_h = 2\ninterval_s = 3600",
        "warning",
        "fdsn[GFZ].interval_s",
        "older",
    ),
    (GFZ + "silence_s = 900", GFZ + "silence_s = 899", "warning", "fdsn[GFZ].silence_s", "deadline_s = 900 s"),
    (GFZ + "retry_min_s = 121", GFZ + "retry_min_s = 120", "warning", "fdsn[GFZ].retry_min_s", "no pause is longer"),
    # Services.
    ("[web]\nenabled = false\nport = 1", "[web]\nenabled = false", "note", "web.port", "while web.enabled = false"),
    (
        "[seedlink_server]\nport = 1",
        "[seedlink_server]\nport = 1\nenabled = true",
        "note",
        "seedlink_server.port",
        "no effect",
    ),
    (
        "[seedlink_server]\nhistory_h = 1",
        "[seedlink_server]\nhistory_h = 24",
        "note",
        "seedlink_server.history_h",
        "no effect",
    ),
    (
        "[seedlink_server]\nenabled = true\ntls_port = 1",
        OFFERS + "tls_port = 1\n" + CERTIFICATE,
        "warning",
        "seedlink_server.tls_port",
        "nothing listens",
    ),
    (
        "[web]\nport = 18000\n[seedlink_server]\nenabled = true",
        "[web]\nport = 18000\n[seedlink_server]\nenabled = false",
        "error",
        "seedlink_server.port",
        "taken by web.port",
    ),
    (
        "[web]\nport = 18500\nhost = '0.0.0.0'\nreading = 'accounts'\n" + OFFERS + CERTIFICATE,
        "[web]\nport = 18500\nhost = '0.0.0.0'\nreading = 'accounts'\n[seedlink_server]\nenabled = true",
        "error",
        "seedlink_server.tls_port",
        "taken by web.port",
    ),
    (
        "[web]\nport = 18000\nhost = '127.0.0.2'\n[seedlink_server]\nenabled = true\nhost = '127.0.0.2'",
        "[web]\nport = 18000\nhost = '127.0.0.2'\n[seedlink_server]\nenabled = true",
        "error",
        "seedlink_server.port",
        "taken by web.port",
    ),
    (PUBLIC, PUBLIC + "\nproxies = 1", "warning", "web.host", "unencrypted"),
    (PUBLIC, "[web]\nhost = 'localhost'\nreading = 'public'", "warning", "web.host", "not sign in"),
    (PUBLIC, PUBLIC + "\nenabled = false", "note", "web.reading", "everybody"),
    (
        "[seedlink_server]\nenabled = true\nhost = '0.0.0.0'",
        OFFERS + "host = '0.0.0.0'\n" + RULE.format("['*.*']", "[]"),
        "note",
        "seedlink_server.host",
        "every station",
    ),
    (
        "[[seedlink_server.access]]\nstations = []\naddresses = ['::1']",
        RULE.format("['GE.*']", "['::1']"),
        "warning",
        "seedlink_server.access[1].stations",
        "no station is named",
    ),
    (
        "[[seedlink_server.access]]\nstations = ['GE.*']\naddresses = []",
        RULE.format("['GE.*']", "['::1']"),
        "note",
        "seedlink_server.access[1].addresses",
        "nobody",
    ),
    (
        GEOFON + "[[seedlink_server.access]]\nstations = ['KR.*']\naddresses = ['::1']",
        GEOFON + "[[seedlink_server.access]]\nstations = ['*.KBU']\naddresses = ['::1']",
        "warning",
        "seedlink_server.access[1].stations",
        "asks for KR.*",
    ),
    # Stations, detection, health.
    (
        GEOFON + NRN,
        GEOFON + "[[station]]\ncode = 'KR.NRN'\nusage = 'off'",
        "warning",
        "station[KR.NRN]",
        "stays UNKNOWN",
    ),
    (
        GEOFON + NRN,
        GEOFON + "[[station]]\ncode = 'GE.KBU'",
        "warning",
        "station[KR.NRN]",
        "stays UNKNOWN",
    ),
    (
        GEOFON + "[detection]\nchannels = ['KR.*.*.*']",
        GEOFON + "[detection]\nchannels = ['GE.KBU.*.*']",
        "warning",
        "detection.channels",
        "nothing is detected",
    ),
    (
        GEOFON + "[detection]\nchannels = ['KR.*.*.*', '*.*.*.HHZ']",
        GEOFON + "[detection]\nchannels = ['*.*.*.HHZ']",
        "warning",
        "detection.channels",
        "asks for KR.*.*.*",
    ),
    (
        GEOFON + "[[station]]\ncode = 'GE.KBU'\nusage = 'off'",
        GEOFON + NRN + "usage = 'off'",
        "note",
        "station[GE.KBU].usage",
        "all the same",
    ),
    (
        "[detection]\non_ratio = 16.1",
        "[detection]\non_ratio = 15.9",
        "warning",
        "detection.on_ratio",
        "lta_s / sta_s = 20",
    ),
    (
        "[detection]\nform = 'seiscomp'",
        "[detection]\nform = 'seiscomp'\non_ratio = 3.0",
        "note",
        "detection.on_ratio",
        "is of amplitude",
    ),
    (
        "[detection]\nbands = [[1, 2], [2, 4], [4, 8], [8, 16], [16, 32]]",
        "[detection]\nbands = [[1, 2], [2, 4], [4, 8], [8, 16]]",
        "note",
        "detection.bands",
        "5 times the computing time",
    ),
    (
        IRIS.format("['II.AAK.*.BH?', 'II.NIL.*.BHZ', 'II.KURK.*.BHN']"),
        IRIS.format("['II.AAK.*.BH?', 'II.NIL.*.BHZ', 'II.KURK.*.BHZ']"),
        "warning",
        "association.min_stations",
        "only 2 can send",
    ),
    (
        IRIS.format("['II.AAK.*.BH?']"),
        IRIS.format("['II.A*.*.BH?']"),
        "warning",
        "association.min_stations",
        "only 1 can",
    ),
    ("[health]\npegged_mean_counts = 8388608", "", "warning", "health.pegged_mean_counts", "8388608"),
    ("[health]\nmean_warn_counts = 9e6", "", "warning", "health.mean_warn_counts", "8388608"),
    (
        "[health]\navailability_min_watch_s = 86401",
        "[health]\navailability_min_watch_s = 86400",
        "warning",
        "health.availability_min_watch_s",
        "never judged",
    ),
    (
        "[archive]\nfuture_limit_h = 1\n[health]\nfuture_bad_s = 3600",
        "[archive]\nfuture_limit_h = 1\n[health]\nfuture_bad_s = 3599",
        "warning",
        "health.future_bad_s",
        "future_limit_h = 1 h",
    ),
]


def found(folder: Path, text: str) -> list[tuple[str, str, str]]:
    path = folder / "houfeng.toml"
    path.write_text(text)
    return [(str(remark.level), remark.key, remark.text) for remark in remarks(load(path))]


@pytest.mark.parametrize(("text", "near", "level", "key", "part"), CASES)
def test_a_remark_is_made_where_it_is_true_alone(
    tmp_path: Path, text: str, near: str, level: str, key: str, part: str
) -> None:
    def matching(settings: str) -> list[str]:
        return [said for (how, what, said) in found(tmp_path, settings) if (how, what) == (level, key) and part in said]

    assert len(matching(text)) == 1
    assert matching(near) == []


def test_the_defaults_give_no_remark_but_that_nothing_is_received() -> None:
    assert [(remark.level, remark.key) for remark in remarks(Settings())] == [(Level.NOTE, "seedlink")]


def test_every_check_has_a_case(tmp_path: Path) -> None:
    silent = set(CHECKS)
    for text, *_ in CASES:
        path = tmp_path / "houfeng.toml"
        path.write_text(text)
        silent -= {check for check in CHECKS if list(check(load(path)))}
    assert silent == set()
