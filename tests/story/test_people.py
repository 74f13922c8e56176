from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from django_faceid.models import ApiCall, Status, VerificationSession
from django_faceid.story import people, tables
from django_faceid.testing import make_session
from tests.admin.conftest import make_call

pytestmark = pytest.mark.django_db
REFERENCE = "customer-4711"


def test_without_the_right_to_know_everybody_is_a_pseudonym() -> None:
    for who in (User.objects.create_user("amelia"), REFERENCE):
        session = make_session(who)
        told = people.shown(session, personal=False)
        assert told == people.pseudonym(session.subject_key)
        assert "amelia" not in told
        assert "11" not in told.removeprefix(people.pseudonym(session.subject_key))


def test_with_it_a_user_has_a_name_and_a_reference_stays_masked() -> None:
    user = make_session(User.objects.create_user("amelia"))
    customer = make_session(REFERENCE)
    assert people.shown(user, personal=True) == "amelia"
    told = people.shown(customer, personal=True)
    assert told == f"••••11 ({people.pseudonym(customer.subject_key)})"


@pytest.mark.parametrize(
    ("reference", "shown"),
    [("", ""), ("7", "••••"), ("1234567", "••••"), ("12345678", "••••78")],
)
def test_of_a_short_reference_nothing_is_shown(reference: str, shown: str) -> None:
    assert people.masked(reference) == shown


def test_a_deleted_user_is_nobody_with_a_pseudonym() -> None:
    user = User.objects.create_user("amelia")
    session = make_session(user, status=Status.FAILED)
    user.delete()
    session = VerificationSession.objects.get(pk=session.pk)
    assert people.shown(session, personal=True).startswith("user deleted (person ")


def test_who_may_see_is_a_permission_of_its_own() -> None:
    assert people.may_see(User(is_superuser=True, is_active=True))
    assert not people.may_see(User.objects.create_user("staff", is_staff=True))


def refused(session: VerificationSession, message: str) -> ApiCall:
    return make_call(session, outcome="refused", message=message)


def test_what_tencent_repeats_of_a_person_is_told_to_those_who_may_know() -> None:
    user = User.objects.create_user("amelia@example.com")
    session = make_session(user, extra="crm:7")
    call = refused(session, "Bad Extra CRM:7 of Amelia@example.com.")
    assert people.words_of(call, personal=True) == call.message
    assert people.words_of(call, personal=False) == "Bad Extra (withheld) of (withheld)."


def test_a_user_model_named_by_numbers_is_withheld_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "USERNAME_FIELD", "id")
    user = User.objects.create(pk=4711, username="amelia")
    call = refused(make_session(user), "No 4711.")
    assert people.words_of(call, personal=False) == "No (withheld)."
    [row] = next(tables.Calls(personal=False).chunks(ApiCall.objects.all()))
    assert "No (withheld)." in row
    assert people.shown(make_session(user, flow="b"), personal=True) == "4711"


def test_a_repeated_reference_is_withheld_from_everybody() -> None:
    call = refused(make_session(REFERENCE), f"No {REFERENCE} here.")
    for personal in (True, False):
        assert people.words_of(call, personal=personal) == "No (withheld) here."


def test_the_sessions_own_id_says_nothing_of_a_person() -> None:
    session = make_session("held")
    session.extra = str(session.public_id)
    call = refused(session, f"Extra {session.extra} is held.")
    assert people.words_of(call, personal=False) == f"Extra {session.extra} is (withheld)."


def test_words_of_a_call_of_nobody_are_told_as_they_are() -> None:
    call = make_call(None, outcome="refused", message="Nobody here.")
    assert people.words_of(call, personal=False) == "Nobody here."


@pytest.mark.parametrize(
    ("extra", "repeated"),
    [
        ("Amelia  Bones\n17", "Amelia Bones 17"),
        ('{"name": "Amelia"}', '{\\"name\\": \\"Amelia\\"}'),
        ("李小龙", "\\u674e\\u5c0f\\u9f99"),
        ("李小龙", "李小龙"),
        ("a\u202eb", "ab"),
    ],
)
def test_a_text_is_withheld_as_answers_spell_it(extra: str, repeated: str) -> None:
    told = people.unnamed(f"Extra {repeated} is wrong.", [extra])
    assert told == "Extra (withheld) is wrong."


def test_the_beginning_of_a_text_that_was_cut_off_is_withheld_too() -> None:
    message = "x" * 478 + " Extra is customer-47"
    told = people.unnamed(message.rjust(500, "x"), [REFERENCE])
    assert told.endswith(" Extra is (withheld)")
    assert people.unnamed("Of customer-47", [REFERENCE]) == "Of customer-47"
