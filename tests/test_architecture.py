"""The doors between the rooms, held shut: who may import whom, and who may touch files, sockets and clocks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("houfeng", "stations", "acquisition", "detection", "engineering", "database", "webui", "configs")

CORE = (
    *("houfeng.types", "houfeng.codes", "houfeng.packets", "houfeng.times", "houfeng.errors", "houfeng.checks"),
    *("houfeng.magnitudes", "houfeng.stretch", "houfeng.roles"),
    "houfeng.__version__",
)
INNER = (*CORE, "stations", "acquisition", "detection", "engineering", "database")
SHAPES = ("houfeng.shape_types", "houfeng.event_lines", "houfeng.shapes")

# What each room may import of the others; the longest prefix of the module's name decides.
DOORS = {
    "houfeng": CORE,
    "stations": CORE,
    "detection": (*CORE, "stations"),
    "engineering": (*CORE, "stations"),
    "acquisition": CORE,
    "database": (*CORE, "stations"),
    "configs": (
        *CORE,
        "stations.settings",
        "acquisition.settings",
        "acquisition.fdsn.settings",
        "detection.settings",
        "detection.judgement.settings",
        "detection.magnitude.settings",
        "detection.inspection.settings",
        "database.settings",
        "stations.alerts.settings",
        "houfeng.alerting.settings",
        "webui.settings",
    ),
    # read models only: which tables there are is the database's business
    "webui": (
        *(*CORE, *SHAPES, "houfeng.alert_shapes", "houfeng.sheets", "stations"),
        *("database.queries", "database.alert_queries", "database.metric_queries"),
        *("database.metric_pages", "database.tasks", "database.records", "database.store"),
        *("database.accounts", "database.registry", "database.unit", "houfeng.passwords", "houfeng.acting"),
        # read models that need more than tables: spans, and the windows of noise
        *("houfeng.availability", "houfeng.noise"),
        # waveforms: what reads the archive is theirs, pages draw what comes out
        *("houfeng.traces", "houfeng.envelopes", "houfeng.bandpass", "houfeng.spectrogram"),
        *("houfeng.run_shapes", "houfeng.replays.differing", "houfeng.report_files"),
        "houfeng.geography",
    ),
    "houfeng.quakeml": (*CORE, "database.records"),
    "houfeng.acting": (*CORE, "stations", "database"),
    "houfeng.alert_shapes": (*CORE, "houfeng.shape_types", "stations", "database.alert_queries"),
    "houfeng.motion_shapes": (*CORE, "engineering"),
    "houfeng.run_shapes": (*CORE, *SHAPES, "houfeng.replays", "database"),
    "houfeng.shapes": (*CORE, *SHAPES, "stations", "database.records"),
    "houfeng.shape_types": (*CORE, "stations"),
    "houfeng.event_lines": (*CORE, "database.records"),
    "houfeng.network": (*CORE, "stations", "acquisition.fdsn.documents", "configs"),
    "houfeng.removing": (*CORE, "houfeng.network", "stations", "acquisition.fdsn.documents", "configs", "database"),
    "houfeng.importing": (*CORE, "houfeng.network", "stations", "acquisition.fdsn.documents", "configs", "database"),
    "houfeng.metadata_remarks": (*CORE, "houfeng.network", "stations", "detection", "configs"),
    "houfeng.checkup": (*INNER, "houfeng.installation", "houfeng.metadata_remarks", "configs"),
    "houfeng.alerting": (*INNER, "houfeng.alerting"),
    "houfeng.pipeline": INNER,
    "houfeng.waveforms": (*INNER, "configs"),
    "houfeng.indexing": INNER,
    "houfeng.demo": (*CORE, "houfeng.demo_records", "stations", "acquisition"),
    "houfeng.demo_records": (*CORE, "acquisition"),
    "houfeng.demo_region": (*CORE, "houfeng.demo_records", "houfeng.synthetic", "stations"),
    "houfeng.installation": (*INNER, "configs"),
    # the outermost: they make the parts and put them together
    "houfeng.replaying": (*INNER, "houfeng", "configs"),
    "houfeng.replays": (*INNER, "houfeng", "configs"),
    "houfeng.tuning": (*CORE, "houfeng.replays", "acquisition", "detection"),
    "houfeng.synthetic": (*INNER, "houfeng.quakeml", "houfeng.synthetic"),
    "houfeng.assessing": (*INNER, "houfeng.waveforms"),
    "houfeng.projects": (
        *(*INNER, "houfeng.assessing", "houfeng.motion_shapes", "houfeng.station_files"),
        *("houfeng.projects", "houfeng.report_files", "houfeng.waveforms", "houfeng.geography", "configs"),
    ),
    "houfeng.report_files": CORE,
    "houfeng.noise": (*INNER, "houfeng"),
    "houfeng.bandpass": (*CORE, "houfeng.envelopes"),
    "houfeng.pyramid": (*CORE, "houfeng.envelopes", "acquisition"),
    "houfeng.traces": (
        *(*CORE, "houfeng.envelopes", "houfeng.bandpass", "houfeng.pyramid"),
        *("houfeng.waveforms", "acquisition"),
    ),
    **dict.fromkeys(("houfeng.spectrogram", "houfeng.station_files"), (*CORE, "stations")),
    "houfeng.availability": (*INNER, "houfeng.shape_types"),
    **dict.fromkeys(("houfeng.health_evidence", "houfeng.measuring"), INNER),
    "houfeng.arriving": INNER,
    "houfeng.day_checks": (*INNER, "houfeng.waveforms", "houfeng.day_checks"),
    "houfeng.noise_archive": (*INNER, "houfeng.waveforms"),
    "houfeng.__main__": ("houfeng.cli",),
    "houfeng.cli": (*INNER, "houfeng", "configs", "webui"),
    "acquisition.daemon": (*INNER, "houfeng", "configs", "webui"),
}
OUTERMOST = ("acquisition.daemon", "houfeng.replaying", "houfeng.demo", "houfeng.cli", "houfeng.__main__")

PURE = ("stations", "detection", "engineering")
OUTSIDE_WORLD = {
    *("os", "pathlib", "shutil", "tempfile", "glob", "fcntl", "mmap", "subprocess", "signal"),
    *("socket", "socketserver", "ssl", "select", "selectors", "asyncio", "http", "urllib", "requests", "urllib3"),
    *("time", "threading", "multiprocessing", "concurrent", "queue"),
    *("sqlite3", "pysqlite3", "sqlalchemy", "alembic", "psycopg", "flask", "click", "rich"),
}
# Calls that reach a file whatever module they come from: np.save, io.open, array.tofile, ...
FILE_CALLS = {"open", "save", "savez", "savez_compressed", "savetxt", "loadtxt", "genfromtxt", "fromfile", "tofile"}
FILE_CALLS |= {"memmap", "read_text", "read_bytes", "write_text", "write_bytes"}

CLOCK = "houfeng.times"
CLOCK_CALLS = {
    *("time.time", "time.time_ns", "time.clock_gettime", "time.clock_gettime_ns", "time.ctime"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("obspy.UTCDateTime.now", "obspy.UTCDateTime.utcnow", "obspy.core.UTCDateTime.now"),
}
# These read the clock only when they are called without a time.
OBSPY_TIMES = {f"obspy{place}.UTCDateTime" for place in ("", ".core", ".core.utcdatetime")}
CLOCK_WHEN_EMPTY = OBSPY_TIMES | {"time.gmtime", "time.localtime"}

DECODERS = ("acquisition.mseed", "acquisition.steim", "acquisition.records", "acquisition.bulk")


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the prefixes or lies below one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, `from a import b` as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"importlib.import_module", "__import__"}:
            yield from ((node.lineno, str(arg.value)) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def names(tree: ast.AST, package: str) -> dict[str, str]:
    """What each local name stands for: {"UTCDateTime": "obspy.UTCDateTime", "np": "numpy"}."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {
                a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return known


def mentions(tree: ast.AST, known: dict[str, str]) -> Iterator[tuple[ast.expr, str]]:
    """Every name and attribute in the code, as the full dotted name it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            head, _, rest = ast.unparse(node).partition(".")
            full = known.get(head, head)
            yield node, f"{full}.{rest}" if rest else full


def import_faults(module: str, tree: ast.AST, package: str) -> Iterator[str]:
    room = module.split(".")[0]
    allowed = DOORS[max((door for door in DOORS if within(module, (door,))), key=len)]
    for line, target in imports(tree, package):
        top = target.split(".")[0]
        where = f"{module}:{line}: "
        if top in ROOMS and top != room and re.search(r"\._(?!_)", target):
            yield f"{where}{target} is private to {top}"
        if within(target, OUTERMOST) and not within(module, OUTERMOST):
            yield f"{where}{target} is outermost: nobody imports it"
        if top in ROOMS and not within(target, (*allowed, room if room != "houfeng" else module)):
            yield f"{where}{module} may not import {target}"
        if room in PURE and top in OUTSIDE_WORLD:
            yield f"{where}{room} is pure: no {top}"
        if top == "pymseed" and module not in DECODERS:
            yield f"{where}only {' and '.join(DECODERS)} import pymseed"


def call_faults(module: str, tree: ast.AST, package: str) -> Iterator[str]:
    known = names(tree, package)
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node, name in mentions(tree, known):
        call = called.get(id(node))
        empty = call is not None and not call.args and not call.keywords
        # a reference counts as well as a call: `default_factory=time.time_ns` reads the clock too
        if module != CLOCK and (name in CLOCK_CALLS or (empty and name in CLOCK_WHEN_EMPTY)):
            yield f"{module}:{node.lineno}: {name}: the wall clock is houfeng.times.now_ns() only"
        if module.split(".")[0] in PURE and call is not None and name.rpartition(".")[2] in FILE_CALLS:
            yield f"{module}:{node.lineno}: {name}: this room is pure and touches no file"


def faults(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """Every door that a module's source breaks open."""
    tree = ast.parse(source)
    package = module if is_package else module.rpartition(".")[0]
    return [*import_faults(module, tree, package), *call_faults(module, tree, package)]


def sources() -> list[tuple[str, Path]]:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    dotted = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]
    return list(zip(dotted, files, strict=True))


def test_every_door_is_shut() -> None:
    found = [
        fault
        for module, path in sources()
        for fault in faults(module, path.read_text("utf-8"), is_package=path.name == "__init__.py")
    ]
    assert found == []


def test_every_room_is_looked_at() -> None:
    assert {module.split(".")[0] for module, _ in sources()} == set(ROOMS)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("stations.inventory", "import socket"),
        ("stations.inventory", "from pathlib import Path"),
        ("stations.inventory", "open('a')"),
        ("stations.inventory", "import io\nio.open('a')"),
        ("stations.inventory", "import numpy as np\nnp.save('a', b)"),
        ("stations.inventory", "def f(path): return path.read_bytes()"),
        ("stations.inventory", "from houfeng.pipeline import Pipeline"),
        ("stations.inventory", "from houfeng import pipeline"),
        ("stations.health.status", "from ...database import store"),
        ("stations.health.status", "import time"),
        ("stations.health.status", "def f():\n    from detection import stalta"),
        ("stations.health.status", "import importlib\nimportlib.import_module('database.store')"),
        ("detection.detector", "from database.store import Store"),
        ("detection.detector", "from acquisition.mseed import decode"),
        ("detection.detector", "from stations.inventory import _parse"),
        ("detection.detector", "import threading"),
        ("acquisition.seedlink", "from detection.detector import Detector"),
        ("acquisition.seedlink", "import database"),
        ("acquisition.seedlink", "from houfeng.cli import main"),
        ("acquisition.seedlink", "from acquisition.daemon import Daemon"),
        ("acquisition.archive", "import pymseed"),
        ("acquisition.archive", "import time\nx = time.time()"),
        ("acquisition.archive", "import time as t\nx = t.time_ns()"),
        ("acquisition.archive", "from time import time_ns\nx = time_ns()"),
        ("acquisition.archive", "import time\nf = field(default_factory=time.time_ns)"),
        ("acquisition.archive", "from datetime import UTC, datetime\nx = datetime.now(UTC)"),
        ("acquisition.archive", "import datetime\nx = datetime.datetime.utcnow()"),
        ("acquisition.archive", "from obspy import UTCDateTime\nx = UTCDateTime()"),
        ("acquisition.archive", "import obspy\nx = obspy.UTCDateTime.now()"),
        ("database.store", "from detection.association.associator import Associator"),
        ("database.store", "from stations._rules import x"),
        ("webui.stations", "from detection import detector"),
        ("webui.stations", "import acquisition.archive"),
        ("webui.stations", "from database import tables"),
        ("configs.settings", "from acquisition.archive import Archive"),
        ("configs.settings", "from houfeng.cli import main"),
        ("houfeng.types", "from stations.inventory import Site"),
        ("houfeng.pipeline", "from houfeng.cli import main"),
        ("houfeng.pipeline", "from webui.app import create_app"),
        ("houfeng.network", "from database.store import Store"),
        ("houfeng.replaying", "from webui.app import create_app"),
    ],
)
def test_an_opened_door_is_seen(module: str, source: str) -> None:
    assert len(faults(module, source)) >= 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("stations.inventory", "from houfeng.types import SourceId\nfrom stations.health import status"),
        ("stations.health.status", "from .metrics import _gap"),
        ("detection.detector", "from stations.inventory import Site\nimport scipy.signal"),
        ("acquisition.mseed", "import pymseed"),
        ("acquisition.archive", "import time\nx = time.monotonic()\ny = time.gmtime(5)"),
        ("acquisition.archive", "from obspy import UTCDateTime\nx = UTCDateTime(ns=5)"),
        ("acquisition.archive", "open('a').read()"),
        ("houfeng.times", "import time\nx = time.time_ns()"),
        ("houfeng.pipeline", "from detection.detector import Detector\nfrom database.store import Store"),
        ("houfeng.cli.run", "from acquisition.daemon import Daemon\nfrom webui.app import create_app"),
        ("configs.settings", "from acquisition.settings import ArchiveSettings"),
        ("webui.views", "from houfeng import __version__"),
        ("webui.views", "from database import queries\nfrom database.records import StationRow"),
    ],
)
def test_an_allowed_way_is_open(module: str, source: str) -> None:
    assert faults(module, source) == []
