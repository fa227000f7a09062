"""The ledger's bytes: what is packed comes back, and what is not an entry is not taken for one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acquisition.server import segments
from acquisition.server.segments import ENTRY_BYTES, HEAD_BYTES, Entry

UNSIGNED, SIGNED = st.integers(0, 2**32 - 1), st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.builds(Entry, UNSIGNED, UNSIGNED, SIGNED, SIGNED, UNSIGNED, UNSIGNED)))
def test_entries_come_back_as_they_went(entries: list[Entry]) -> None:
    content = segments.pack_entries(7, entries)
    assert len(content) == ENTRY_BYTES * len(entries)
    assert list(segments.unpack_entries(7, content)) == entries
    if entries:
        assert list(segments.unpack_entries(8, content)) == []


def test_the_head_is_as_long_as_it_says() -> None:
    assert len(segments.pack_head(5)) == HEAD_BYTES
    assert segments.unpack_head(segments.pack_head(5)) == segments.Head(5, 0, False)
    assert segments.unpack_head(b"\0" * HEAD_BYTES) is None
