"""Responses of channel epochs, read from the StationXML documents that an inventory keeps."""

from __future__ import annotations

from math import isfinite, pi
from typing import Any

import numpy as np

from houfeng.errors import InventoryError
from houfeng.types import SourceId
from stations.inventory import Inventory, InventoryDocument
from stations.response import TOLERANCE, Analog, Digital, Floats, Response, Stage, complexes
from stations.safexml import read_root
from stations.stationxml import NS, Node, code

_Key = tuple[SourceId, int]


class Responses:
    """The responses of an inventory's channels.

    A document is parsed when one of its stations is first asked for, and again when an older epoch is: IU.ULN's history
    (2.8 MB, 64 epochs) takes 0.2 s. What cannot be used is remembered as the reason why.

    Parameters
    ----------
    inventory : with the documents as they came
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._found: dict[_Key, Response | InventoryError] = {}

    def at(self, source_id: SourceId, t_ns: int) -> Response:
        """The response that a channel had at a time (ns UTC).

        Raises
        ------
        InventoryError : one line that says why there is none
        """
        epoch = self._inventory.epoch_at(source_id, t_ns)
        if epoch is None:
            raise InventoryError(f"{source_id}: no metadata of this time")
        key = source_id, epoch.start_ns
        if key not in self._found:
            self._found[key] = InventoryError(f"{source_id}: no response in the metadata")
            for document in self._inventory.documents:  # the later document has the last word, as in `merge`
                if may_name(document.content, source_id.station):
                    self._found |= parse_responses(document, t_ns)
        found = self._found[key]
        if isinstance(found, InventoryError):
            raise InventoryError(str(found))
        return found


def may_name(content: bytes, station: str) -> bool:
    """Whether a document may have a station of this code: one that has is never left out."""
    # in UTF-16 the code would look otherwise: such a document is read in any case
    return f'"{station}"'.encode() in content or f"'{station}'".encode() in content or b"\0" in content[:64]


def parse_responses(document: InventoryDocument, t_ns: int) -> dict[_Key, Response | InventoryError]:
    """The response of every channel of a document at a time (ns UTC), or what is wrong with it.

    Returns
    -------
    found : by channel and start of its epoch; a channel without a response is left out
    """
    found: dict[_Key, Response | InventoryError] = {}
    root = read_root(document.content, document.name, drop=f"{NS}Comment")
    arrays: dict[Any, Floats] = {}
    for network in root.iterfind(f"{NS}Network"):
        default_ns, _ = Node(network, document.name).span()
        for station in network.iterfind(f"{NS}Station"):
            station_ns = _first(Node(station, document.name).span()[0], default_ns)
            for channel in station.iterfind(f"{NS}Channel"):
                start_ns, end_ns = Node(channel, document.name).span()
                start_ns = _first(start_ns, station_ns)
                element = channel.find(f"{NS}Response")
                if element is None or not len(element) or start_ns is None:
                    continue
                if start_ns <= t_ns and (end_ns is None or t_ns < end_ns):
                    source_id = _source_id(network, station, channel)
                    found[source_id, start_ns] = _read(element, f"{document.name}: {source_id}", arrays)
    return found


def _first(value: int | None, otherwise: int | None) -> int | None:
    return otherwise if value is None else value


def _source_id(network: Any, station: Any, channel: Any) -> SourceId:
    location = code(channel, "locationCode")
    return SourceId(code(network), code(station), "" if location == "--" else location, code(channel))


def _read(element: Any, label: str, arrays: dict[Any, Floats]) -> Response | InventoryError:
    try:
        return _response(element, label, arrays)
    except InventoryError as error:
        return error


def _response(element: Any, label: str, arrays: dict[Any, Floats]) -> Response:
    node = Node(element, label)
    if element.find(f"{NS}InstrumentPolynomial") is not None:
        raise InventoryError(f"{label}: response: a polynomial is of no ground motion")
    sensitivity = node.optional_number("InstrumentSensitivity/Value", -1e30, 1e30, "")
    if sensitivity is None:
        raise InventoryError(f"{label}: response: no sensitivity is stated")
    sensitivity_hz = node.optional_number("InstrumentSensitivity/Frequency", 0, 1e6, "Hz") or 0.0
    stages: list[Stage] = []
    gain = 1.0
    rate_hz: float | None = None
    for stage in sorted(element.iterfind(f"{NS}Stage"), key=lambda each: _number(each)):
        named = Node(stage, f"{label}: response: stage {_number(stage)}")
        gain *= named.number("StageGain/Value", -1e30, 1e30, "")
        rate_hz = _rate_after(named) or rate_hz
        made = _stage(named, sensitivity_hz, arrays)
        if made is not None:
            stages.append(made)
    unit = node.text("InstrumentSensitivity/InputUnits/Name").upper().replace(" ", "")
    return Response(label, unit, tuple(stages), gain, sensitivity, sensitivity_hz, rate_hz)


def _rate_after(stage: Node) -> float | None:
    """Samples per second that leave a stage, of one that tells."""
    rate_hz = stage.optional_number("Decimation/InputSampleRate", 0, 1e9, "Hz")
    factor = stage.optional_number("Decimation/Factor", 0, 1e9, "")
    return rate_hz / factor if rate_hz and factor else None


def _number(stage: Any) -> int:
    text = str(stage.get("number") or "0")
    return int(text) if text.isascii() and text.isdecimal() else 0


def _stage(node: Node, sensitivity_hz: float, arrays: dict[Any, Floats]) -> Stage | None:
    """The stage; None where it does nothing but to multiply."""
    for tag in ("ResponseList", "Polynomial"):
        if node.element.find(NS + tag) is not None:
            raise InventoryError(f"{node.label}: a {tag} cannot be used")
    gain_hz = node.optional_number("StageGain/Frequency", 0, 1e6, "Hz")
    gain_hz = sensitivity_hz if gain_hz is None else gain_hz
    gain = node.number("StageGain/Value", -1e30, 1e30, "")
    poles = node.element.find(f"{NS}PolesZeros")
    if poles is not None:
        return _poles_zeros(Node(poles, node.label), node, gain, gain_hz)
    for tag in ("FIR", "Coefficients"):
        found = node.element.find(NS + tag)
        if found is not None:
            return _coefficients(Node(found, node.label), node, (gain, gain_hz), arrays)
    return None


def _poles_zeros(node: Node, stage: Node, gain: float, gain_hz: float) -> Stage | None:
    kind = node.text("PzTransferFunctionType").upper()
    zeros, poles = (_roots(node, tag) for tag in ("Zero", "Pole"))
    if kind.startswith("DIGITAL"):
        rate_hz = stage.number("Decimation/InputSampleRate", 1e-6, 1e7, "Hz")
        numerator, denominator = (np.atleast_1d(np.poly(np.array(roots))).real for roots in (zeros, poles))
        # In powers of 1/z both are as in powers of z, but for a delay, which has no amplitude.
        return Digital(numerator, denominator, rate_hz, 0.0, gain, gain_hz)
    if "HERTZ" in kind:
        zeros, poles = ([2 * pi * root for root in roots] for roots in (zeros, poles))
    elif "RADIANS" not in kind:
        raise InventoryError(f"{node.label}: poles and zeros must be in rad/s, Hz or digital, came {kind[:40]!r}")
    if not zeros and not poles:
        return None
    made = Analog(complexes(zeros), complexes(poles), gain, gain_hz)
    _check_normalisation(node, made)
    return made


def _check_normalisation(node: Node, stage: Analog) -> None:
    factor = node.optional_number("NormalizationFactor", -1e300, 1e300, "")
    frequency_hz = node.optional_number("NormalizationFrequency", 0, 1e6, "Hz")
    if factor is None or not frequency_hz:
        return
    computed = 1 / abs(stage.shape(np.array([frequency_hz]))[0])
    if not abs(abs(factor) / computed - 1) <= TOLERANCE:
        said = f"the normalisation factor is stated as {factor:g} at {frequency_hz:g} Hz"
        raise InventoryError(f"{node.label}: {said}, poles and zeros give {computed:g}")


def _coefficients(node: Node, stage: Node, gain: tuple[float, float], arrays: dict[Any, Floats]) -> Stage | None:
    kind = node.text("CfTransferFunctionType").upper()
    numerator = _numbers(node, "NumeratorCoefficient") or _numbers(node, "Numerator")
    denominator = _numbers(node, "Denominator")
    if len(numerator) < 2 and len(denominator) < 2:
        return None
    if kind and not kind.startswith("DIGITAL"):
        raise InventoryError(f"{node.label}: coefficients must be digital, came {kind[:40]!r}")
    symmetry = node.text("Symmetry").upper()
    if symmetry in ("EVEN", "ODD"):
        numerator += numerator[::-1] if symmetry == "EVEN" else numerator[-2::-1]
    rate_hz = stage.number("Decimation/InputSampleRate", 1e-6, 1e7, "Hz")
    delay_s = stage.optional_number("Decimation/Correction", -1e6, 1e6, "s") or 0.0
    above, below = (arrays.setdefault(tuple(values), np.array(values)) for values in (numerator or [1.0], denominator))
    return Digital(above, below, rate_hz, delay_s, *gain)


def _roots(node: Node, tag: str) -> list[complex]:
    roots = [Node(element, node.label) for element in node.element.iterfind(NS + tag)]
    return [complex(*(root.number(part, -1e12, 1e12, "") for part in ("Real", "Imaginary"))) for root in roots]


def _numbers(node: Node, tag: str) -> list[float]:
    values = []
    for element in node.element.iterfind(NS + tag):
        try:
            value = float(element.text or "")
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise InventoryError(f"{node.label}: {tag} {str(element.text)[:40]!r} is no number")
        values.append(value)
    return values
