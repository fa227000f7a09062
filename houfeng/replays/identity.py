"""What a replay is: the id and the hashes that say whether another could find anything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from acquisition.arrivals import Arrivals
from acquisition.replay import RecordFile
from configs import Settings
from database.run_records import RunInput
from houfeng import __version__
from houfeng.times import format_ns
from houfeng.types import public_id
from stations.inventory import InventoryDocument


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed.

    Parameters
    ----------
    settings : of detection and all that follows it
    files : of records
    folder : they lie below it, else their names are whole paths
    documents : StationXML that counts
    start_ns, end_ns : only records that hold samples in between, ns UTC; None for no limit
    originals : of files that were made for the replay, from which: these are the run's inputs
    arrivals : when records came, where they are to be replayed so; None to take them in the order of their times
    """

    settings: Settings
    files: Sequence[RecordFile]
    folder: Path
    documents: Sequence[InventoryDocument]
    start_ns: int | None = None
    end_ns: int | None = None
    originals: Mapping[Path, Path] = field(default_factory=dict)
    arrivals: Arrivals | None = None
    _by_path: dict[Path, RecordFile] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_path", {file.path: file for file in self.files})

    def name(self, path: Path) -> str:
        """How a file is called in the run."""
        path = self.originals.get(path, path)
        return str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)

    @property
    def run_id(self) -> str:
        """Of the files as the disk lists them, the documents, the window, the configuration and the code's version.

        The files' content is not read for it: of a year of records that takes longer than to list them by hours.
        """
        listing = hashlib.sha256()
        for file in sorted(self.files, key=lambda file: self.name(file.path)):
            stat = self.originals.get(file.path, file.path).stat()
            listing.update(f"{self.name(file.path)}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
        for sha in sorted(document.sha256 for document in self.documents):
            listing.update(f"{sha}\n".encode())
        if self.arrivals is not None:
            listing.update("".join(f"{sha}\n" for _, sha, _ in self.arrivals.hashed()).encode())
        window = (self.start_ns, self.end_ns)
        return public_id("run", "replay", listing.hexdigest(), *window, self.settings.config_hash, __version__)

    @property
    def config(self) -> str:
        """JSON of all that decides, for those who compare runs."""
        window = {"start": self.start_ns, "end": self.end_ns}
        said = {key: None if t_ns is None else format_ns(t_ns) for key, t_ns in window.items()}
        if self.arrivals is not None:
            said["arrivals"] = "recorded"
        return json.dumps(self.settings.decisive | {"replay": said}, sort_keys=True)

    def metadata(self) -> list[RunInput]:
        """The documents and the logs of arrivals, as inputs of the run."""
        documents = ((Path(each.name), "metadata", each.sha256, len(each.content)) for each in self.documents)
        logs = [] if self.arrivals is None else self.arrivals.hashed()
        found = [*documents, *((path, "arrivals", sha, n_bytes) for path, sha, n_bytes in logs)]
        return [RunInput(self.name(path), kind, "", sha, n_bytes) for path, kind, sha, n_bytes in found]

    def records(self, finished: Iterable[tuple[Path, str]]) -> list[RunInput]:
        """Files that were read to their end, as inputs of the run.

        Parameters
        ----------
        finished : with the SHA-256 of their content
        """
        found = []
        for path, sha in finished:
            file, original = self._by_path[path], self.originals.get(path)
            n_bytes = file.n_bytes if original is None else original.stat().st_size
            if original is not None:
                sha = hashlib.sha256(original.read_bytes()).hexdigest()
            found.append(RunInput(self.name(path), "records", str(file.source_id), sha, n_bytes))
        return found


def input_hash(inputs: Iterable[RunInput], config: str) -> str:
    """Of what was read, whatever the files are called, and of the window."""
    lines = sorted(f"{each.kind} {each.sha256}" for each in inputs)
    window = json.dumps(json.loads(config)["replay"], sort_keys=True)
    return hashlib.sha256("\n".join([*lines, window]).encode()).hexdigest()
