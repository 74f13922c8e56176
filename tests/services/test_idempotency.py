from __future__ import annotations

from contextlib import ExitStack

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from django_faceid.models import IdempotencyClaim, Status, Subject
from django_faceid.sandbox.faults import Refuse, Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, issue_token
from django_faceid.services.idempotency import Key, forget_old_keys
from django_faceid.testing import advance
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db
KEY = "5f2c"


def test_a_repeat_gets_the_session_it_got_before(sandbox: SandboxState) -> None:
    first = issue_token("ann", idempotency_key=KEY)
    again = issue_token("ann", idempotency_key=KEY)
    assert first.session == again.session
    assert (first.fresh, again.fresh) == (True, False)
    assert len(sandbox.tokens) == 1


def test_other_input_under_the_same_key_is_refused(sandbox: SandboxState) -> None:
    issue_token("ann", idempotency_key=KEY)
    with pytest.raises(errors.KeyReused):
        issue_token("ann", params={"retry_limit": 1}, idempotency_key=KEY)


def test_new_meta_data_is_no_other_input(sandbox: SandboxState) -> None:
    first = issue_token("ann", params={"meta_data": "tap 1"}, idempotency_key=KEY)
    again = issue_token("ann", params={"meta_data": "tap 2"}, idempotency_key=KEY)
    assert first.session == again.session


def test_a_key_belongs_to_its_subject(sandbox: SandboxState) -> None:
    ann = issue_token("ann", idempotency_key=KEY).session
    bob = issue_token("bob", idempotency_key=KEY).session
    assert ann != bob


def test_while_the_first_is_at_work_later_ones_are_turned_away(sandbox: SandboxState) -> None:
    key = Key(Subject.of("ann"), KEY, "fingerprint")
    key.claim()
    with pytest.raises(errors.KeyInFlight):
        key.replay()
    with pytest.raises(errors.KeyInFlight):
        key.claim()


def test_a_process_tells_repeats_of_what_it_is_at_without_a_look_at_the_database(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    key = Key(Subject.of("ann"), KEY, "fingerprint")
    other = Key(Subject.of("ann"), KEY, "another")
    with key.alone(), django_assert_num_queries(0):
        with pytest.raises(errors.KeyInFlight):
            key.replay()
        with pytest.raises(errors.KeyReused):
            other.replay()
    assert other.replay() is None


def test_whoever_outlives_its_lease_lets_go_of_nobody_elses_work() -> None:
    key = Key(Subject.of("ann"), KEY, "fingerprint")
    with ExitStack() as slow, ExitStack() as other:
        slow.enter_context(key.alone())
        advance(seconds=31)
        other.enter_context(key.alone())
        slow.close()
        with pytest.raises(errors.KeyInFlight):
            key.replay()
    assert key.replay() is None


def test_a_crash_blocks_its_key_no_longer_than_its_lease(sandbox: SandboxState) -> None:
    key = Key(Subject.of("ann"), KEY, "fingerprint")
    key.claim()
    advance(seconds=31)
    assert key.replay() is None
    key.claim()
    assert IdempotencyClaim.objects.count() == 1


def test_a_crash_blocks_its_key_for_no_other_input_beyond_its_lease(sandbox: SandboxState) -> None:
    key = Key(Subject.of("ann"), KEY, "fingerprint")
    key.claim()
    with pytest.raises(errors.KeyReused):
        issue_token("ann", idempotency_key=KEY)
    advance(seconds=31)
    taken = issue_token("ann", idempotency_key=KEY)
    assert taken.fresh
    # Whoever was thought dead finds the key taken, and leaves it alone.
    key.keep(issue_token("bob").session)
    key.release()
    assert issue_token("ann", idempotency_key=KEY) == (taken.session, False)


def test_a_refusal_releases_the_key(sandbox: SandboxState) -> None:
    sandbox.faults.add(Refuse(Code="FailedOperation"))
    with pytest.raises(errors.ServiceError):
        issue_token("ann", idempotency_key=KEY)
    assert issue_token("ann", idempotency_key=KEY).session.status == Status.ISSUED


def test_an_answer_that_may_have_minted_a_token_keeps_the_key(sandbox: SandboxState) -> None:
    sandbox.faults.add(Reset(When="after"))
    with pytest.raises(errors.ProviderUnreachable):
        issue_token("ann", idempotency_key=KEY)
    session, fresh = issue_token("ann", idempotency_key=KEY)
    assert (session.status, fresh) == (Status.ERROR, False)
    assert len(sandbox.exchanges) == 1


def test_a_reused_session_answers_for_the_new_key_too(sandbox: SandboxState) -> None:
    first = issue_token("ann").session
    issue_token("ann", idempotency_key=KEY)
    advance(minutes=11)
    assert issue_token("ann", idempotency_key=KEY).session == first


def test_keys_are_forgotten_after_a_day(sandbox: SandboxState) -> None:
    first = issue_token("ann", idempotency_key=KEY).session
    advance(hours=24)
    assert issue_token("ann", idempotency_key=KEY).session != first
    advance(hours=24)
    assert forget_old_keys() == 1
    assert not IdempotencyClaim.objects.exists()


def test_the_table_holds_no_key_as_it_was_sent(sandbox: SandboxState) -> None:
    issue_token("ann", idempotency_key="a-secret-looking-key")
    assert "a-secret-looking-key" not in str(IdempotencyClaim.objects.values().get())


def test_whoever_inherits_a_deleted_users_key_inherits_no_token_with_it(
    sandbox: SandboxState,
) -> None:
    ann = User.objects.create_user("ann")
    theirs = issue_token(ann, idempotency_key=KEY).session
    key = ann.pk
    ann.delete()
    bob = User.objects.create_user("bob", pk=key)
    # Not even that the key was used, and with which input, is bob's to know.
    first = issue_token(bob, params={"retry_limit": 1}, idempotency_key=KEY)
    again = issue_token(bob, params={"retry_limit": 1}, idempotency_key=KEY)
    assert first.fresh
    assert first.session != theirs
    assert again == (first.session, False)


def test_a_used_key_is_answered_whatever_is_allowed_by_now(
    sandbox: SandboxState, flow: Flows
) -> None:
    first = issue_token("ann", idempotency_key=KEY).session
    flow(ENABLED=False)
    assert issue_token("ann", idempotency_key=KEY) == (first, False)
    flow(ALLOW=lambda _who: False)
    assert issue_token("ann", idempotency_key=KEY) == (first, False)
    with pytest.raises(errors.NotAllowed):
        issue_token("ann", idempotency_key="another")
