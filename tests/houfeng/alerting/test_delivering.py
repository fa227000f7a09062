"""Messages reach mail servers, web servers and commands that fail for a while, once noted, and survive restarts."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acquisition.heartbeat import Heartbeat
from database import alerts
from database.deliveries import Delivery, DeliveryState
from database.store import Store
from houfeng.alerting.deliverer import Deliverer, Post, is_told, tried
from houfeng.alerting.message import delivery_id
from houfeng.alerting.settings import DeliverySettings, RecipientSettings, SmtpSettings
from houfeng.times import NS_PER_S, now_ns
from stations.alerts.alert import Step
from stations.alerts.words import Action, Severity
from tests.houfeng.alerting.conftest import ALERT, COUNTRIES, OPENED, OPENED_NS, Hook, delivering, mail_server
from tests.plugins.daemon import free_port, wait_for

Told = Callable[[], list[Delivery]]
MAIL = RecipientSettings("duty", "email", "duty@example.org")


def states(told: Told) -> list[DeliveryState]:
    return [delivery.state for delivery in told()]


def test_a_mail_server_that_was_down_gets_the_mail_when_it_is_back(store: Store, told: Told) -> None:
    smtp = SmtpSettings(host="127.0.0.1", port=free_port(), sender="houfeng@example.org")
    with delivering(store, MAIL, smtp=smtp):
        wait_for("two tries", lambda: any(delivery.n_tries >= 2 for delivery in told()))
        assert "Connection refused" in told()[0].answer
        with mail_server(smtp.port) as box:
            wait_for("the delivery", lambda: states(told) == [DeliveryState.DELIVERED])
    (mail,) = box.mails
    key = delivery_id(OPENED.step_id, "duty")
    assert mail["Subject"] == "[Houfeng] critical: server s opened"
    assert (mail["Houfeng-Delivery"], mail["To"]) == (key, "duty@example.org")
    assert mail["Message-ID"] == f"<{key.replace('/', '.')}@example.org>"
    assert "Server s is not connected" in mail.get_payload() and "KR.NRN KZ.AAK" in mail.get_payload()
    assert told()[0].answer.startswith("250 ")


def test_a_refused_recipient_is_said_to_be_refused(store: Store, told: Told) -> None:
    smtp = SmtpSettings(host="127.0.0.1", port=free_port())
    with mail_server(smtp.port, data_size_limit=10), delivering(store, MAIL, smtp=smtp):
        wait_for("a try", lambda: any(delivery.n_tries for delivery in told()))
    assert "552" in told()[0].answer and told()[0].state is DeliveryState.WAITING


def test_a_webhook_that_answers_500_is_asked_again_with_the_same_key(
    store: Store, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "a secret key")
    with Hook([500, 307, 503]) as hook:
        recipient = RecipientSettings("hook", "webhook", hook.url, secret="env:HOOK_KEY")
        with delivering(store, recipient):
            wait_for("the delivery", lambda: states(told) == [DeliveryState.DELIVERED])
    assert hook.keys == [delivery_id(OPENED.step_id, "hook")] * 4
    assert told()[0].n_tries == 4 and told()[0].answer == "200 said 200"
    assert len({body for _, body in hook.requests}) == 1
    headers, body = hook.requests[-1]
    assert headers["Idempotency-Key"] == hook.keys[0]
    stamp, _, digest = headers["Houfeng-Signature"].partition(",v1=")
    wanted = hmac.new(b"a secret key", stamp.removeprefix("t=").encode() + b"." + body, hashlib.sha256)
    assert digest == wanted.hexdigest()
    assert abs(int(stamp.removeprefix("t=")) - now_ns() // NS_PER_S) < 120
    content = json.loads(body)
    assert content["alert"]["stations"] == ["KR.NRN", "KZ.AAK"] and content["alert"]["countries"] == ["KG", "KZ"]


def test_a_restart_does_not_tell_again_and_forgets_nothing(store: Store, told: Told) -> None:
    with Hook([]) as hook:
        recipient = RecipientSettings("hook", "webhook", hook.url)
        with delivering(store, recipient):
            wait_for("the delivery", lambda: states(told) == [DeliveryState.DELIVERED])
        closed = Step(ALERT.alert_id, OPENED_NS + 1, Action.CLOSED, "houfeng", "all back")
        with store.begin() as unit:  # both written again, as after a lost answer of the database
            alerts.save(unit, [replace(ALERT, closed_ns=closed.t_ns)], [OPENED, closed], [])
        with delivering(store, recipient):
            wait_for("both", lambda: states(told) == [DeliveryState.DELIVERED] * 2)
    assert hook.keys == [delivery_id(step.step_id, "hook") for step in (OPENED, closed)]


def test_a_command_that_hangs_is_killed_and_holds_up_nobody(store: Store, told: Told, tmp_path: Path) -> None:
    script = f"import time, pathlib; pathlib.Path({str(tmp_path / 'began')!r}).touch(); time.sleep(600)"
    hanging = RecipientSettings("pager", "command", command=(sys.executable, "-c", script))
    with (
        Hook([]) as hook,
        delivering(store, hanging, RecipientSettings("hook", "webhook", hook.url), timeout_s=2.0),
    ):
        wait_for("the command", (tmp_path / "began").exists)
        wait_for("the webhook beside it", lambda: len(hook.requests) == 1)
        wait_for("the end of the command", lambda: any("was killed" in delivery.answer for delivery in told()))
    (killed,) = [delivery for delivery in told() if delivery.recipient == "pager"]
    assert killed.answer.endswith("did not end within 2 s and was killed") and killed.n_tries >= 1


def test_a_command_reads_the_message_and_its_words_are_kept(store: Store, told: Told) -> None:
    script = "import json, sys; print(json.load(sys.stdin)['alert']['about'])"
    with delivering(store, RecipientSettings("pager", "command", command=(sys.executable, "-c", script))):
        wait_for("the delivery", lambda: states(told) == [DeliveryState.DELIVERED])
    assert told()[0].answer == "status 0 server s"


def test_a_recipient_that_never_answers_is_given_up_and_the_log_says_so(
    store: Store, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    failing = RecipientSettings("pager", "command", command=("/bin/sh", "-c", "echo no line; exit 3"))
    with delivering(store, failing, give_up_after_s=0.3):
        wait_for("the log", lambda: "given up after" in caplog.text)
        wait_for("the end", lambda: states(told) == [DeliveryState.FAILED])
    assert told()[0].answer == "/bin/sh: ended with status 3: no line"


def test_a_recipient_that_is_gone_is_given_up(store: Store, told: Told) -> None:
    with delivering(store, MAIL, smtp=SmtpSettings(host="127.0.0.1", port=free_port())):
        wait_for("a try", lambda: any(delivery.n_tries for delivery in told()))
    with delivering(store):
        wait_for("the end", lambda: states(told) == [DeliveryState.FAILED])
    assert told()[0].answer == "recipient duty is no longer in the configuration"


def test_of_a_silenced_alert_only_the_end_is_told(store: Store, told: Told) -> None:
    steps = [
        Step(ALERT.alert_id, OPENED_NS, Action.SILENCED, "ann", "known", until_ns=OPENED_NS + 100),
        Step(ALERT.alert_id, OPENED_NS + 10, Action.ESCALATED, "houfeng", "nobody"),
        Step(ALERT.alert_id, OPENED_NS + 20, Action.CLOSED, "houfeng", "all back"),
    ]
    with store.begin() as unit:
        alerts.save(unit, [], steps, [])
    with Hook([]) as hook, delivering(store, RecipientSettings("hook", "webhook", hook.url)):
        wait_for("the delivery", lambda: states(told) == [DeliveryState.DELIVERED])
    assert [json.loads(body)["step"]["action"] for _, body in hook.requests] == ["closed"]


def test_pauses_grow_to_the_longest_until_it_is_given_up() -> None:
    settings = DeliverySettings(retry_min_s=10, retry_max_s=60, give_up_after_s=300)
    delivery, at_s, pauses = Delivery("delivery/1", "alert/1", "step/1", "duty", "{}", 0), 0, []
    while delivery.state is DeliveryState.WAITING:
        delivery = tried(delivery, settings, at_s * NS_PER_S, "no", good=False)
        pauses.append(delivery.next_ns // NS_PER_S - at_s)
        at_s = delivery.next_ns // NS_PER_S
    assert pauses[:-1] == [10, 20, 40, 60, 60, 60] and delivery.state is DeliveryState.FAILED


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, True),
        ({"countries": ("KZ",)}, True),
        ({"countries": ("CN",)}, False),
        ({"networks": ("KR", "XX")}, True),
        ({"networks": ("XX",)}, False),
        ({"networks": ("KR",), "countries": ("CN",)}, False),
        ({"severity": "critical"}, True),
        ({"steps": ("closed",)}, False),
    ],
)
def test_every_filter_must_let_a_step_through(filters: dict[str, object], wanted: bool) -> None:
    assert is_told(replace(MAIL, **filters), ALERT, OPENED, COUNTRIES) is wanted  # type: ignore[arg-type]


def test_what_is_less_bad_is_not_for_everybody() -> None:
    serious = replace(MAIL, severity="major")
    assert not is_told(serious, replace(ALERT, severity=Severity.MINOR), OPENED, COUNTRIES)
    assert is_told(serious, replace(ALERT, severity=Severity.MAJOR), OPENED, COUNTRIES)


def test_tables_that_are_still_being_made_are_waited_for(tmp_path: Path) -> None:
    store = Store.at(f"sqlite:///{tmp_path}/new.db")
    deliverer = Deliverer(store, lambda: Post((), SmtpSettings(), DeliverySettings(), {}), Heartbeat())
    deliverer.turn()  # there is no table yet: nothing to tell, and nothing to complain of
    store.prepare()
    deliverer.turn()
    assert dict(deliverer.counts) == {DeliveryState.WAITING: 0, DeliveryState.FAILED: 0}
    store.close()
