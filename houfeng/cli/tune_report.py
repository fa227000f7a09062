"""What a sweep of settings brought, in a table, in words, and as a piece of a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detection.settings import DetectionSettings
from detection.tuning.grid import Choice, best, label
from detection.tuning.judging import Found
from detection.tuning.scoring import Score, pooled

COLUMNS = (
    *("stations", "bands", "sta_s", "lta_s", "on_ratio", "recall_percent", "false_per_hour", "n_hit", "n_expected"),
    *("n_false", "n_later", "n_unlisted", "quiet_h", "n_together", "n_together_false", "choice"),
)


class Report:
    """Scores of all combinations, for all stations, for each network and each station.

    Parameters
    ----------
    found : by a sweep
    false_per_hour : allowed at each station
    """

    def __init__(self, found: Found, false_per_hour: float) -> None:
        self._found = found
        self._allowed = false_per_hour
        stations = sorted(found.scores[0])
        networks = sorted({station_id.partition(".")[0] for station_id in stations})
        self._groups = {"all": stations}
        if len(networks) > 1:
            self._groups |= {f"{net}.*": [one for one in stations if one.startswith(f"{net}.")] for net in networks}
        self._groups |= {station_id: [station_id] for station_id in stations}
        self._scores = {name: self._pooled(members) for name, members in self._groups.items()}
        self._choices = {name: best(scores, false_per_hour) for name, scores in self._scores.items()}

    def _pooled(self, station_ids: Sequence[str]) -> list[Score]:
        return [pooled(scores, station_ids) for scores in self._found.scores]

    def rows(self) -> list[dict[str, Any]]:
        """All combinations for all stations, then the best one, and today's, for each network and station."""
        rows = [self._row("all", number) for number in range(len(self._found.combinations))]
        for name, choice in self._choices.items():
            if name != "all":
                numbers = dict.fromkeys([0] if choice is None else [choice.number, 0])
                rows += [self._row(name, number) for number in numbers]
        return rows

    def _row(self, name: str, number: int) -> dict[str, Any]:
        settings, score = self._found.combinations[number], self._scores[name][number]
        network = self._found.networks[number] if name == "all" else None
        return {
            "stations": name,
            "bands": label(settings.bands),
            "sta_s": settings.sta_s,
            "lta_s": settings.lta_s,
            "on_ratio": settings.on_ratio,
            "off_ratio": settings.off_ratio,
            "recall_percent": None if score.recall is None else 100 * score.recall,
            "false_per_hour": score.false_per_hour,
            "n_hit": score.n_hit,
            "n_expected": score.n_expected,
            "n_false": score.n_false,
            "n_later": score.n_later,
            "n_unlisted": score.n_unlisted,
            "quiet_h": score.quiet_h,
            "n_together": None if network is None else network.n,
            "n_together_false": None if network is None else network.n_false,
            "choice": self._said(self._choices[name], number),
        }

    def _said(self, choice: Choice | None, number: int) -> str:
        words = ["today"] if number == 0 else []
        if choice is not None and choice.number == number:
            words.append("best" if choice.is_allowed else "fewest false")
        return ", ".join(words)

    def remarks(self) -> list[str]:
        """What must be known beside the figures."""
        found, everything = self._found, self._scores["all"][0]
        lines = [
            f"{everything.n_expected} P onsets expected at {len(self._groups['all'])} stations, "
            f"{everything.quiet_h:.2f} station hours without a known event."
        ]
        if found.n_matched or found.unlisted:
            lines.append(
                f"Today's settings make {found.n_matched + len(found.unlisted)} events, of which the catalogue "
                f"lacks {len(found.unlisted)}; triggers of these count neither way."
            )
        if found.unplaced:
            lines.append(f"Left out, for their place is not known: {', '.join(found.unplaced)}.")
        choice = self._choices["all"]
        if choice is None:
            what = "no onset was expected" if not everything.n_expected else "no time was quiet"
            lines.append(f"Nothing can be said of what is best: {what}.")
        elif not choice.is_allowed:
            lines.append(f"No combination keeps to {self._allowed:g} false triggers per hour and station.")
        elif choice.number == 0:
            lines.append("No combination is better than today's.")
        return lines

    def fragment(self, source: str) -> str:
        """The best settings for all stations as TOML, with what they were chosen by; empty where nothing is known.

        Parameters
        ----------
        source : records and catalogue, for people
        """
        choice = self._choices["all"]
        if choice is None:
            return ""
        number = choice.number
        settings = self._found.combinations[number]
        lines = ["# Written by `houfeng tune`.", f"# {_comment(source)}", *self._reasons(number), "", "[detection]"]
        return "\n".join([*lines, *_keys(settings), ""])

    def _reasons(self, number: int) -> list[str]:
        said = []
        for name, which in (("this", number), ("before", 0)):
            row = self._row("all", which)
            recall, false = (_figure(row[key]) for key in ("recall_percent", "false_per_hour"))
            said.append(
                f"# {name}: recall {recall} % of {row['n_expected']}, false triggers {false} per hour and station"
            )
        for name, choice in self._choices.items():
            if name != "all" and choice is not None and choice.number != number:
                row = self._row(name, choice.number)
                best_of = ", ".join(f"{key} {row[key]:g}" for key in ("on_ratio", "sta_s", "lta_s"))
                said.append(f"# {name} alone would do best with {row['bands']}, {best_of}")
        return said


def _keys(settings: DetectionSettings) -> list[str]:
    bands = ", ".join(f"[{low!r}, {high!r}]" for low, high in settings.bands)
    numbers = [f"{key} = {getattr(settings, key)!r}" for key in ("sta_s", "lta_s", "on_ratio", "off_ratio")]
    return [f"bands = [{bands}]", *numbers]


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f}"


def _comment(text: str) -> str:
    # a comment is one line, whatever a folder is called
    return "".join(letter if letter.isprintable() else "?" for letter in text)
