from __future__ import annotations

import pytest
from django.test import override_settings
from django.utils import translation
from django.utils.translation import gettext_lazy

from django_faceid import conf
from django_faceid.models import Review
from django_faceid.services import reasons


def test_a_host_adds_reasons_and_says_ours_in_its_own_words() -> None:
    ours = {
        "approve": {"in_branch": gettext_lazy("Yes")},
        "reject": {"fraud": "Police report", "sanctions": "On a list"},
    }
    with override_settings(FACEID={"REVIEW_REASONS": ours}):
        assert reasons.offered(Review.APPROVED)["in_branch"] == "Yes"
        offered = reasons.offered(Review.REJECTED)
        with translation.override("de"):
            assert reasons.offered(Review.APPROVED)["in_branch"] == "Ja"
    assert (offered["fraud"], offered["sanctions"]) == ("Police report", "On a list")
    assert list(offered)[:-1] == list(reasons.REJECT)
    assert "sanctions" not in reasons.offered(Review.REJECTED)


def test_approval_and_rejection_have_reasons_of_their_own() -> None:
    assert "spoof" not in reasons.offered(Review.APPROVED)
    assert "seen_in_person" not in reasons.offered(Review.REJECTED)


def test_a_reason_that_nobody_knows_any_more_is_shown_as_it_was_recorded() -> None:
    assert reasons.words(Review.REJECTED, "sanctions") == "sanctions"


def test_recorded_reasons_can_be_read_under_a_broken_setting() -> None:
    with override_settings(FACEID={"REVIEW_REASONS": {"sometimes": {}}}):
        assert reasons.words(Review.REJECTED, "fraud") == str(reasons.REJECT["fraud"])
        with pytest.raises(conf.SettingError, match="REVIEW_REASONS"):
            reasons.offered(Review.REJECTED)
