"""Two patterns meet when some text matches both: held against fnmatch on every short text."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.patterns import any_meets, channels_meet, meet

PATTERN = st.text("AB*?", max_size=4)
# Of two patterns of up to 4 characters that meet, some text of up to 8 characters matches both.
TEXTS = ["".join(text) for n in range(9) for text in product("AB", repeat=n)]


@given(PATTERN, PATTERN)
def test_patterns_meet_when_a_text_matches_both(one: str, other: str) -> None:
    both = any(fnmatchcase(text, one) and fnmatchcase(text, other) for text in TEXTS)
    assert meet(one, other) == meet(other, one) == both


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("GE.*.*.?H?", "GE.KBU..BHZ", True),
        ("GE.*.*.?H?", "GE.KBU..BNZ", False),
        ("G*.*.*.*", "GE.K*.10.HHZ", True),
        ("CK.TAS.*.HH?", "CK.ASHT.*.HH?", False),
        ("CK.*..HHZ", "CK.TAS.00.HHZ", False),
    ],
)
def test_channels_meet_code_by_code(one: str, other: str, *, expected: bool) -> None:
    assert channels_meet(one, other) == expected
    assert any_meets(one, ["XX.YY.ZZ.AAA", other]) == expected
