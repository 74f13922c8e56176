from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils.functional import SimpleLazyObject

from django_faceid.models import Subject


@pytest.mark.django_db
def test_a_user_and_a_reference_that_spells_its_key_are_two_subjects() -> None:
    user = User.objects.create_user("ann")
    assert Subject.of(user).key != Subject.of(str(user.pk)).key
    assert Subject.of(user).key != Subject.of(f"user:{user.pk}").key


def test_references_that_differ_in_case_are_two_subjects() -> None:
    assert Subject.of("Ann").key != Subject.of("ann").key


@pytest.mark.django_db
def test_a_lazy_request_user_is_the_user() -> None:
    user = User.objects.create_user("ann")
    assert Subject.of(SimpleLazyObject(lambda: user)).key == Subject.of(user).key


@pytest.mark.parametrize("nobody", [AnonymousUser(), None, 7, User(username="unsaved"), b"ann"])
def test_nobody_in_particular_is_no_subject(nobody: Any) -> None:
    with pytest.raises(TypeError):
        Subject.of(nobody)


@pytest.mark.parametrize("reference", ["", "x" * 256])
def test_a_reference_has_a_length(reference: str) -> None:
    with pytest.raises(ValueError, match="255"):
        Subject.of(reference)


def test_each_flow_has_its_own_live_key() -> None:
    subject = Subject.of("ann")
    assert subject.live_key("default") != subject.live_key("withdraw")
    assert len(subject.live_key("default")) == 32
