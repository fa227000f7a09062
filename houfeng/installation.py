"""Is this installation sound? One function a question; each answers with a finding and how to mend it."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import Distribution
from pathlib import Path

PACKAGES = ("houfeng", "stations", "acquisition", "detection", "engineering", "database", "webui", "configs")

PYTHON_NEEDED = (3, 11)

# Records stop being archived when the disk is full; 100 channels at 100 Hz write about 0.9 GB a day.
FREE_WARN_BYTES = 5_000_000_000
FREE_FAULT_BYTES = 200_000_000

# A day file a channel, plus sockets, pages and libraries.
FILES_WARN = 1024

# include/uapi/linux/timex.h
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


class Level(StrEnum):
    """How bad a finding is: a fault keeps Houfeng from working, a warning may hurt later."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer.

    Parameters
    ----------
    check : what was looked at
    level : ok, warning or fault
    found : what is the case, with units
    mend : what to do about it; empty when all is well
    """

    check: str
    level: Level
    found: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Clash:
    """A foreign distribution that installs files where one of our packages lives."""

    distribution: str
    package: str
    file: str


def clashes(packages: Iterable[str], distributions: Iterable[Distribution] | None = None) -> list[Clash]:
    """Foreign distributions whose files overwrite ours, each package of each named once.

    Two distributions may install the same file; pip says nothing, and the later one wins. Top-level names as plain as
    `database` or `stations` make that likely enough to look for.

    Parameters
    ----------
    packages : our top-level packages
    distributions : what is installed; all of this Python when None
    """
    ours = set(packages)
    found: dict[tuple[str, str], Clash] = {}
    for distribution in importlib.metadata.distributions() if distributions is None else distributions:
        if distribution.name == "houfeng":
            continue
        for file in distribution.files or ():
            package = file.parts[0].removesuffix(".py")
            if package in ours:
                found.setdefault((distribution.name, package), Clash(distribution.name, package, str(file)))
    return sorted(found.values(), key=lambda clash: (clash.distribution, clash.package))


def check_packages(packages: Sequence[str] = PACKAGES, distributions: Iterable[Distribution] | None = None) -> Finding:
    """Whether our packages are the ones that Python imports, and no other distribution writes into them."""
    foreign = clashes(packages, distributions)
    if foreign:
        found = "; ".join(f"{clash.distribution} installs {clash.file}" for clash in foreign)
        mend = (
            f"pip uninstall {' '.join(sorted({clash.distribution for clash in foreign}))}, then install Houfeng again"
        )
        return Finding("packages", Level.FAULT, found, mend)
    home = Path(__file__).parent.parent
    for package in packages:
        spec = importlib.util.find_spec(package)
        origin = spec.origin if spec else None
        if origin is None or Path(origin).parent.parent.resolve() != home.resolve():
            found = f"{package} comes from {origin or 'nowhere'}, not from {home}"
            return Finding("packages", Level.FAULT, found, "start Houfeng from another folder, or move that one away")
    return Finding("packages", Level.OK, f"{len(packages)} packages in {home}, no foreign files in them")


def check_python(version: Sequence[int]) -> Finding:
    """Whether this Python is new enough."""
    found = ".".join(map(str, version[:3]))
    if tuple(version[:2]) < PYTHON_NEEDED:
        needed = ".".join(map(str, PYTHON_NEEDED))
        return Finding("python", Level.FAULT, found, f"install Python {needed} or later and make a new environment")
    return Finding("python", Level.OK, found)


def check_sqlite(version: Sequence[int], needed: Sequence[int]) -> Finding:
    """Whether the SQLite library is past the releases that can corrupt a database."""
    found = ".".join(map(str, version))
    if tuple(version) < tuple(needed):
        mend = f"at least {'.'.join(map(str, needed))} is needed, older ones can corrupt the database: "
        return Finding("sqlite", Level.FAULT, found, mend + "pip install --force-reinstall pysqlite3")
    return Finding("sqlite", Level.OK, found)


def check_dependencies(requirements: Iterable[str]) -> Finding:
    """Whether every distribution that Houfeng declares is there, in an allowed release."""
    wrong, n_found = [], 0
    from packaging.requirements import Requirement

    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        n_found += 1
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is not {requirement.specifier}")
    if wrong:
        return Finding("dependencies", Level.FAULT, "; ".join(wrong), "install Houfeng again in a new environment")
    return Finding("dependencies", Level.OK, f"{n_found} distributions in allowed releases")


def check_folder(purpose: str, folder: Path) -> Finding:
    """Whether files can be made in a folder, or the folder itself can be made."""
    existing = existing_folder(folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        mend = f"let this user write to {existing}, or choose another {purpose} folder"
        return Finding(f"{purpose} folder", Level.FAULT, f"{folder}: {error.strerror}", mend)
    note = "" if existing == folder else ", will be made"
    return Finding(f"{purpose} folder", Level.OK, f"{folder} is writable{note}")


def check_space(folder: Path, free_bytes: int) -> Finding:
    """Whether the disk of a folder has room."""
    found = f"{free_bytes / 1e9:.1f} GB free at {folder}"
    if free_bytes < FREE_FAULT_BYTES:
        return Finding("disk", Level.FAULT, found, "make room, or move the archive to a larger disk")
    if free_bytes < FREE_WARN_BYTES:
        return Finding("disk", Level.WARNING, found, "100 channels at 100 Hz fill about 0.9 GB a day: make room soon")
    return Finding("disk", Level.OK, found)


def check_files(limit: int) -> Finding:
    """Whether this process may hold enough files and sockets open."""
    if limit < FILES_WARN:
        mend = f"raise it: `ulimit -n {4 * FILES_WARN}`, or LimitNOFILE in the systemd unit"
        return Finding("open files", Level.WARNING, f"at most {limit}", mend)
    return Finding("open files", Level.OK, f"at most {limit}")


def check_clock(synchronised: bool | None) -> Finding:
    """Whether the system clock is disciplined; latency and health are measured with it."""
    match synchronised:
        case None:
            return Finding("clock", Level.WARNING, "unknown: this system does not tell", "check NTP or PTP yourself")
        case False:
            mend = "without NTP or PTP every latency is wrong by the clock's error: install chrony"
            return Finding("clock", Level.WARNING, "not synchronised, says the kernel", mend)
    return Finding("clock", Level.OK, "synchronised, says the kernel")


def check_port(host: str, port: int) -> Finding:
    """Whether the web page's port can be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        mend = "fine if that is Houfeng itself; otherwise set web.host and web.port, or --port"
        return Finding("port", Level.WARNING, f"{host}:{port}: {error.strerror}", mend)
    return Finding("port", Level.OK, f"{host}:{port} is free")


def check_encoding(encoding: str) -> Finding:
    """Whether station names in any script can be printed."""
    if encoding.lower().replace("-", "") != "utf8":
        return Finding("locale", Level.WARNING, encoding, "names may print wrongly: set LANG=C.UTF-8")
    return Finding("locale", Level.OK, encoding)


def free_bytes(folder: Path) -> int:
    """Room for this user on the disk that a folder, or its nearest existing parent, is on."""
    return shutil.disk_usage(existing_folder(folder)).free


def existing_folder(folder: Path) -> Path:
    """The folder itself, or its nearest parent that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def clock_synchronised() -> bool | None:
    """What the Linux kernel says about its clock, None where it cannot be asked."""
    if os.uname().sysname != "Linux":
        return None

    class Timex(ctypes.Structure):
        _fields_ = (
            ("modes", ctypes.c_uint),  # 0: read only
            ("offset", ctypes.c_long),
            ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long),
            ("esterror", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_byte * 512),
        )

    timex = Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    if state < 0:
        return None
    return bool(state != _TIME_ERROR and not timex.status & _STA_UNSYNC)


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level among findings."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.FAULT, Level.WARNING) if level in levels), Level.OK)
