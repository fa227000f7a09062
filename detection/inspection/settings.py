"""What is done with the waveforms of an event; validated where it is made."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.checks import not_negative, positive


@dataclass(frozen=True, slots=True)
class InspectionSettings:
    """How the waveforms of an event are looked at once they are there.

    Parameters
    ----------
    s_onsets : read S onsets and locate with them
    longest_s_p_s : S is looked for no later than this after P
    wait_s : data time for which an event waits for stations whose data have not come; where no station's data come,
        the daemon waits so long by the clock

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    s_onsets: bool = True
    longest_s_p_s: float = 60.0
    wait_s: float = 120.0

    def __post_init__(self) -> None:
        positive(self, "longest_s_p_s")
        not_negative(self, "wait_s")
