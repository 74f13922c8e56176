"""What staff must say when they decide."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class DecisionForm(forms.Form):
    """A reason for everyone who audits, a note for colleagues."""

    # What was decided on: a session that has changed since must be looked at again.
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=128,
        help_text=_("Kept for good, in one line. At most 128 characters."),
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("For colleagues. No copies of personal data, please."),
    )


class ErasureForm(forms.Form):
    """Why pictures are destroyed, for everyone who audits."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=128,
        help_text=_("Kept for good, in one line. At most 128 characters."),
    )
