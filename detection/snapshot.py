"""A channel's state as a few bytes, exact to the bit: no pickle, so that a database cannot make us run code."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from detection.aftermath import Aftermath, Trigger
from detection.bank import Bank
from detection.blocks import Blocker
from detection.channel import Channel
from detection.matrices import Floats
from detection.plan import Plan, plan_for
from detection.readings import VERSION
from detection.settings import DetectionSettings
from detection.trigger import Growth, Starts
from detection.windows import BandWindows, Window
from houfeng.errors import DetectionError, WindowError
from houfeng.types import Samples, SourceId

_STATE_VERSION = 5  # of what is saved; the picks' version is of how onsets are read
LARGEST_STATE = 1 << 24  # bytes unpacked; a state at 1000 Hz is 65 kB, more is not ours


def fingerprint(settings: DetectionSettings) -> str:
    """Of every setting that a channel's state depends on: all but the choice of channels."""
    values = {key: value for key, value in asdict(settings).items() if key != "channels"}
    return hashlib.sha256(json.dumps([VERSION, _STATE_VERSION, values], sort_keys=True).encode()).hexdigest()[:16]


def pack(blocker: Blocker, channel: Channel) -> bytes:
    """State between two packets.

    Returns
    -------
    state : a JSON header, a line feed, the arrays one after the other (little-endian); deflated
    """
    bank, row, after = channel.bank, channel.row, channel.aftermath
    arrays = {
        "filters": bank.filters[row].ravel(),
        "averages": np.concatenate((bank.sta[row], bank.lta[row])),
        "peaks": _peaks(channel.starts),
        "recent": channel.last_samples(),
        "waiting": blocker.waiting,
        "tail": bank.tails.get(row, np.empty(0)),
    }
    windows = bank.windows.get(row, [])
    for number, band in enumerate(windows):
        arrays |= {f"sta{number}": band.sta.values, f"lta{number}": band.lta.values}
    if after is not None:
        arrays |= {
            "after": np.concatenate((after.sta, after.lta, after.filters.ravel())),
            "later": _peaks(after.starts),
        }
    encoded = {name: _encode(array) for name, array in arrays.items()}
    header = {
        "settings": fingerprint(channel.plan.settings),
        "rate_hz": channel.plan.rate_hz,
        "by_rows": channel.plan.by_rows,
        "blocker": {key: getattr(blocker, key) for key in _BLOCKER},
        "channel": {key: getattr(channel, key) for key in _CHANNEL},
        "bank": {key: int(getattr(bank, key)[row]) for key in _BANK},
        "starts": _starts(channel.starts),
        "aftermath": None if after is None else [*(getattr(after, key) for key in _AFTERMATH), _starts(after.starts)],
        "triggers": channel.triggers,
        "windows": [(band.sta.n_open, band.lta.n_open, band.last) for band in windows],
        "triggered_ns": channel.triggered_ns,
        "vetoed": channel.vetoed,
        "arrays": {name: (array.dtype.str, len(array)) for name, array in encoded.items()},
    }
    body = b"".join(array.tobytes() for array in encoded.values())
    return zlib.compress(json.dumps(header).encode() + b"\n" + body, 1)


def unpack(
    source_id: SourceId, state: bytes, settings: DetectionSettings, bank_for: Callable[[Plan], Bank]
) -> tuple[Blocker, Channel]:
    """The state that `pack` saved.

    Parameters
    ----------
    bank_for : where channels of a plan are kept; gets a new row when all is well

    Raises
    ------
    DetectionError : if the bytes are no such state, or it was made with other settings; names the channel
    """
    try:
        header, arrays = _parse(state)
        made_with = header["settings"]
        if made_with == fingerprint(settings):
            plan = plan_for(settings, header["rate_hz"], by_rows=header["by_rows"])
            return _rebuild(source_id, header, arrays, bank_for(plan))
    except (ValueError, LookupError, TypeError, AttributeError, WindowError, zlib.error) as error:
        raise DetectionError(f"{source_id}: {len(state)} bytes are not a saved detector state: {error}") from error
    raise DetectionError(
        f"{source_id}: its saved detector state was made with other detection settings ({made_with}, "
        f"now {fingerprint(settings)}); start this channel anew"
    )


_BLOCKER = ("grid_ns", "n_next", "gap", "n_held", "held")
_CHANNEL = ("grid_ns", "n_done", "segment", "earliest")
_AFTERMATH = ("begin", "end", "n_done", "held_until")
_BANK = ("n_learnt", "n_blind")


def _rebuild(
    source_id: SourceId, header: dict[str, Any], arrays: Mapping[str, Floats], bank: Bank
) -> tuple[Blocker, Channel]:
    plan = bank.plan
    channel = Channel(source_id, bank, bank.add(), recent=[arrays["recent"]], **header["channel"])
    row = channel.row
    bank.filters[row] = arrays["filters"].reshape(len(plan.bands), plan.n_states)
    bank.tails[row] = _counts(arrays["tail"])
    bank.sta[row], bank.lta[row] = arrays["averages"].reshape(2, len(plan.bands))
    for key in _BANK:
        getattr(bank, key)[row] = header["bank"][key]
    channel.triggers = [Trigger(at, band, tuple(ltas)) for at, band, ltas in header["triggers"]]
    for number, (n_sta, n_lta, last) in enumerate(header["windows"]):
        bank.windows[row][number] = BandWindows(
            Window(plan.n_sta, arrays[f"sta{number}"], n_sta), Window(plan.n_lta, arrays[f"lta{number}"], n_lta), last
        )
    channel.triggered_ns, channel.vetoed = header["triggered_ns"], Counter(header["vetoed"])
    _restart(channel.starts, header["starts"], arrays["peaks"])
    bank.is_on[row] = channel.starts.growth is not None
    if header["aftermath"] is not None:
        *numbers, starts = header["aftermath"]
        sta, lta, filters = np.split(arrays["after"], [len(plan.bands), 2 * len(plan.bands)])
        filters = filters.reshape(-1, plan.n_states)
        known = dict(zip(_AFTERMATH, numbers, strict=True))
        channel.aftermath = Aftermath(plan, **known, filters=filters, sta=sta, lta=lta, starts=channel.new_starts())
        _restart(channel.aftermath.starts, starts, arrays["later"])
    blocker = Blocker(plan.rate_hz, plan.n_block, plan.n_flat, waiting=_counts(arrays["waiting"]), **header["blocker"])
    return blocker, channel


def _counts(array: Floats) -> Samples:
    """Whole numbers as the 32-bit integers that most records hold."""
    encoded = _encode(array)
    return encoded.astype(np.int32) if encoded.dtype.kind == "i" else array


def _starts(starts: Starts) -> list[int | None]:
    return [starts.growth.n_on if starts.growth else None, int(starts.counts), starts.dead_until]


def _peaks(starts: Starts) -> Floats:
    return starts.growth.peaks if starts.growth else np.empty(0)


def _restart(starts: Starts, saved: Sequence[Any], peaks: Floats) -> None:
    n_on, counts, starts.dead_until = saved
    starts.growth = None if n_on is None else Growth(starts.n_rearm, starts.factor, n_on, peaks)
    starts.counts = bool(counts)


def _encode(array: Floats) -> np.ndarray[Any, Any]:
    """Counts as 32-bit integers where that loses no bit (half the size); -0.0 and fractions stay float64."""
    if len(array) and np.abs(array).max() < 2**31:
        whole = array.astype("<i4")
        if whole.astype("<f8").tobytes() == array.astype("<f8").tobytes():
            return whole
    return array.astype("<f8")


def _parse(state: bytes) -> tuple[dict[str, Any], Mapping[str, Floats]]:
    inflate = zlib.decompressobj()
    content = inflate.decompress(state, LARGEST_STATE)
    if not inflate.eof:
        raise ValueError("they end too early, or are too many")
    line, _, body = content.partition(b"\n")
    header = json.loads(line)
    arrays, offset = {}, 0
    for name, (dtype, length) in header["arrays"].items():
        if dtype not in ("<i4", "<f8"):
            raise ValueError(f"array {name} has type {dtype!r}")
        array = np.frombuffer(body, dtype, length, offset)
        arrays[name] = array.astype(np.float64)
        offset += array.nbytes
    return header, arrays
