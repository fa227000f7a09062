"""The last chapters: how it was computed, what is unconfirmed, from which files, and who signs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from houfeng.projects.report.blocks import Block, Heading, Signatures, Table, Text
from houfeng.projects.report.words import Words, number


def chapters(shape: dict[str, Any], sha256: str, words: Words) -> Iterator[Block]:
    """In the order that a reviewer asks for them."""
    yield from _method(shape, words)
    yield from _limits(shape, words)
    yield from _provenance(shape, sha256, words)
    yield Heading(words("Signatures"))
    yield Text(words("Whoever signs has read the chapters on refused records and on what is not confirmed."))
    roles = words("prepared by"), words("checked by"), words("approved by")
    yield Signatures(roles, (words("name"), words("signature"), words("date")))


def _method(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    yield Heading(words("Method"))
    chain = shape["provenance"]["chain"]
    yield Text(words("Records out of archives, and of volume 1, are corrected in this order: check of clipping, linear "
                     "trend, mean before the onset, cosine taper, response, signal over noise, corners, Butterworth "
                     "band-pass both ways between zeros, integration. Records that agencies corrected are taken as "
                     "they are. Horizontal components share their corners."))  # fmt: skip
    yield Text(words("PSA: oscillators of Nigam & Jennings (1969), 5 % damped, records band-limited between samples; "
                     "RotD50 and RotD100 of 180 directions (Boore 2010). Fourier spectra: smoothed after Konno & "
                     "Ohmachi (1998). Durations between 5 and 75 or 95 % of Arias intensity. MMI after Worden et al. "
                     "(2012), MCS after Faenza & Michelini (2010)."))  # fmt: skip
    labels = _labels(words)
    rows = tuple((labels[key], words.reason(value) if isinstance(value, str) else number(value))
                 for key, value in chain.items())  # fmt: skip
    yield Table((words("setting"), words("value")), rows, (9, 5), 1)


def _labels(words: Words) -> dict[str, str]:
    """What each setting of the chain is called."""
    return {
        "clipped_from_n_samples_at_a_rail": words("clipped: samples in a row at the largest or smallest value"),
        "least_noise_s": words("least length before the onset, s"),
        "least_signal_s": words("least length behind the onset, s"),
        "taper_each_side": words("taper on each side, share of the record"),
        "smoothing_konno_ohmachi_b": words("smoothing of Konno & Ohmachi, b"),
        "least_signal_over_noise": words("least signal over noise"),
        "signal_over_noise_up_to_hz": words("signal over noise is needed up to, Hz"),
        "highest_low_corner_hz": words("highest lower corner, Hz"),
        "highest_high_corner_hz": words("highest upper corner, Hz"),
        "most_drift_of_displacement": words("most drift of displacement, share of its peak"),
        "drift_polynomial_degree": words("degree of the polynomial of drift"),
        "butterworth_poles_each_way": words("poles of the Butterworth filter, each way"),
        "psa_usable_up_to_share_of_longest_period": words("PSA is usable up to this share of 1 / lower corner"),
        "ending_window_s": words("window at the record's end, s"),
        "ending_flagged_above": words("remarked when the end has more of the strongest window than"),
        "ending_refused_above": words("refused when the end has more of it than"),
        "exceedances_apart_s": words("exceedances are apart by at least, s"),
        "onsets": words("onsets"),
        "gb_t_17742_filter": words("filter of GB/T 17742-2020 (unconfirmed)"),
    }


def _limits(shape: dict[str, Any], words: Words) -> Iterator[Block]:
    yield Heading(words("Not confirmed, not assessed"))
    if shape["unconfirmed"]:
        own = {"strain": words("strain"), "repairs": words("repairs")}  # the others are names of the project
        rows = tuple((own.get(one["what"], one["what"]), words.own(one["why"])) for one in shape["unconfirmed"])
        yield Table((words("what"), words("why it is unconfirmed")), rows, (4, 10), 2)
    for text in (
        words("Not assessed: structures and equipment, permanent displacement of the ground, liquefaction, slides and "
              "fault crossings, ground between a station and its place, soil and structure together, and everything "
              "that was not recorded."),
        words("Code parameters (alpha_max, PGA of a zone, SDS and the like) are the project's: this program does not "
              "look them up."),
    ):  # fmt: skip
        yield Text(text)


def _provenance(shape: dict[str, Any], sha256: str, words: Words) -> Iterator[Block]:
    yield Heading(words("Provenance"))
    provenance = shape["provenance"]
    versions = ", ".join(f"{name} {version}" for name, version in provenance["versions"].items())
    yield Text(words("Made with {versions}.", versions=versions))
    yield Text(words("SHA-256 of the results beside this report (assessment.json): {sha256}", sha256=sha256))
    columns = words("file"), words("read as"), words("bytes"), "SHA-256"
    rows = tuple((one["name"], words(one["role"]), str(one["n_bytes"]), one["sha256"])
                 for one in provenance["inputs"])  # fmt: skip
    yield Table(columns, rows, (4.5, 1.4, 1.1, 10.0), 2)
