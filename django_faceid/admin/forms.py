"""What staff must say when they decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..models import Review
from ..services import reasons
from ..services.review import LONGEST_COMMENT


class DecisionForm(forms.Form):
    """A reason for everyone who audits, a note for colleagues, a comment for the user."""

    # What was decided on: a session that has changed since must be looked at again.
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Reason"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For colleagues, kept for good. No copies of personal data, please."),
    )
    public_comment = forms.CharField(
        label=_("Comment for the user"),
        max_length=LONGEST_COMMENT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "The person reads it in the app, in place of our own sentence. At most 500 "
            "characters; nothing that a fraudster could learn from."
        ),
    )

    def __init__(self, to: Review, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = list(reasons.offered(to).items())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("reason") == reasons.OTHER and not given.get("note"):
            self.add_error("note", _("This reason needs a note that says it."))
        return given


class ReasonForm(forms.Form):
    """Why something is done that cannot be undone, for everyone who audits."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=128,
        help_text=_("Kept for good, in one line. At most 128 characters."),
    )
