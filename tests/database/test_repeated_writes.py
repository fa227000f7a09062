"""Every write may be done twice, split and in any order: the rows are the same."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from database.store import Store
from houfeng.types import Event, Pick
from stations.health import State
from tests.database.conftest import Dump, make_event, make_pick, make_status, save_everything


def test_saving_twice_changes_no_row(store: Store, dump: Callable[[Store], Dump]) -> None:
    store.run(save_everything)
    once = dump(store)
    store.run(save_everything)
    assert dump(store) == once
    # an account that is there is refused, and keys of tokens and sessions are new each time: tests/webui/test_access.py
    empty = {name for name, rows in once.items() if not rows}
    assert empty == {"account", "api_token", "web_session"}


def test_equal_rows_are_not_written_again(store: Store) -> None:
    """PostgreSQL would keep a dead copy of each, and the disk would be busy for nothing."""
    store.run(save_everything)
    with store.begin() as unit:
        sqlite = unit.connection.dialect.name == "sqlite"
        state = text(
            "SELECT total_changes()"
            if sqlite
            else "SELECT ctid, xmin FROM pick UNION ALL SELECT ctid, xmin FROM station_status"
        )
        before = unit.connection.execute(state).all()
        unit.save_picks("live", [*make_event().picks, *make_event(100).picks])
        unit.save_statuses([make_status(), make_status("BW.UH2", State.BAD, channels=("EHE", "EHZ"))])
        assert unit.connection.execute(state).all() == before


_picks = st.builds(
    make_pick,
    station=st.sampled_from(["UH1", "UH2", "UH3"]),
    offset_s=st.integers(-1000, 1000),
    uncertainty_s=st.floats(0, 10),
    snr=st.floats(1, allow_infinity=True, allow_nan=False),
    polarity=st.sampled_from(["up", "down", ""]),
    spread_s=st.floats(0, 10),
    is_clipped=st.booleans(),
    is_near_gap=st.booleans(),
    trigger_rate_h=st.floats(0, 1000),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picks=st.lists(_picks, min_size=1, unique_by=lambda pick: pick.public_id), data=st.data())
def test_any_split_and_order_of_saving_gives_the_same_rows(
    store: Store, dump: Callable[[Store], Dump], picks: list[Pick], data: st.DataObject
) -> None:
    def clear() -> None:
        with store.begin() as unit:
            for name in ("arrival", "event", "pick"):
                unit.connection.exec_driver_sql(f"DELETE FROM {name}")

    event = Event(tuple(sorted(picks)))
    clear()
    with store.begin() as unit:
        unit.save_picks("live", picks)
        unit.save_events("live", [event])
    once = dump(store)
    clear()
    shuffled = data.draw(st.permutations(picks))
    cut = data.draw(st.integers(0, len(picks)))
    for part in (shuffled[:cut], shuffled[cut:], shuffled[:cut]):
        store.run(lambda unit, part=part: unit.save_picks("live", part))
    for _ in range(2):
        store.run(lambda unit: unit.save_events("live", [event]))
    assert dump(store) == once
