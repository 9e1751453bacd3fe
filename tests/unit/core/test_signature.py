"""Signatures of webhooks: every tampered byte refused, five minutes either way, one published vector."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from bot.adapters.helpdesk.vendors import VENDORS
from bot.core.desk.signature import STANDARD, sign_standard, verified
from tests.helpdesk.lookalike import LookAlike
from tests.helpdesk.vendors import LOOKALIKES

SECRET = "s3cret-of-the-webhook"
SIGNED = [kind for kind in LOOKALIKES if kind.kind != "freshdesk"]


def _delivery(kind: type[LookAlike]) -> tuple[dict[str, str], bytes]:
    with kind() as server:
        return server.webhook(server.customer_opens("hello"), SECRET)


@pytest.fixture(scope="module", params=LOOKALIKES, ids=lambda kind: kind.kind)
def delivery(request: pytest.FixtureRequest) -> tuple[str, dict[str, str], bytes]:
    """A genuine delivery of each vendor."""
    return request.param.kind, *_delivery(request.param)


def _why(
    kind: str, headers: dict[str, str], body: bytes, *, ahead: float = 0.0, secrets: tuple[str, ...] = (SECRET,)
) -> str | None:
    scheme = VENDORS[kind].scheme
    assert scheme is not None
    return verified(scheme, secrets, headers, body, datetime.now(UTC) + timedelta(seconds=ahead))


def test_the_genuine_one_is_taken_and_a_secret_may_change(delivery: tuple[str, dict[str, str], bytes]) -> None:
    kind, headers, body = delivery
    assert _why(kind, headers, body) is None
    assert _why(kind, headers, body, secrets=("the new one", SECRET)) is None
    assert _why(kind, headers, body, secrets=("another",)) == "forged"
    assert _why(kind, headers, body, secrets=()) == "unsigned" and _why(kind, {}, body) == "unsigned"


def test_every_tampered_byte_is_refused(delivery: tuple[str, dict[str, str], bytes]) -> None:
    kind, headers, body = delivery
    scheme = VENDORS[kind].scheme
    assert scheme is not None
    if kind != "freshdesk":  # which signs nothing
        for place in range(len(body)):
            assert _why(kind, headers, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]) == "forged"
        assert _why(kind, headers, body + b" ") == _why(kind, headers, body[:-1]) == "forged"
    signature = headers[scheme.header]
    for place in range(len(signature)):
        wrong = signature[:place] + chr(ord(signature[place]) ^ 1) + signature[place + 1 :]
        assert _why(kind, {**headers, scheme.header: wrong}, body) == "forged"


@pytest.mark.parametrize(("ahead", "good"), [(-290, True), (290, True), (-310, False), (310, False), (0, True)])
def test_five_minutes_where_the_time_is_signed(
    delivery: tuple[str, dict[str, str], bytes], ahead: float, good: bool
) -> None:
    kind, headers, body = delivery
    signs_a_time = bool(VENDORS[kind].scheme and VENDORS[kind].scheme.stamp)
    assert _why(kind, headers, body, ahead=ahead) == (None if good or not signs_a_time else "stale")


@pytest.mark.parametrize("stamp", ["abc", "", "-1", "1e9", "９９９", "2026-11-20T12:00:00", "9" * 40, "nan"])
def test_a_time_that_is_none_is_stale(delivery: tuple[str, dict[str, str], bytes], stamp: str) -> None:
    kind, headers, body = delivery
    scheme = VENDORS[kind].scheme
    if scheme is not None and scheme.stamp:
        assert _why(kind, {**headers, scheme.stamp: stamp}, body) == "stale"


def test_the_vector_of_standard_webhooks() -> None:
    """From the reference libraries' own tests (standard-webhooks/libraries): id, time, payload and signature."""
    secret, body, stamp = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}', 1614265330
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(stamp + 60, UTC)
    assert sign_standard(secret, headers["webhook-id"], stamp, body) == headers["webhook-signature"]
    assert verified(STANDARD, (secret,), headers, body, now) is None
    assert (
        verified(
            STANDARD,
            (secret,),
            {**headers, "webhook-signature": "v1,AAAA v2,x " + headers["webhook-signature"]},
            body,
            now,
        )
        is None
    )
    assert verified(STANDARD, (secret,), {**headers, "webhook-id": "msg_other"}, body, now) == "forged"


@limits(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=60)),
    st.binary(max_size=60),
)
def test_noise_is_refused_and_breaks_nothing(headers: dict[str, str], body: bytes) -> None:
    assert verified(STANDARD, (SECRET,), headers, body, datetime(2026, 11, 20, tzinfo=UTC)) is not None
