from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from django_faceid.models import Status, VerificationSession
from django_faceid.story import people
from django_faceid.testing import make_session

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
