"""What staff do next when an act was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..services import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NEXT: Mapping[type[errors.ServiceError], StrOrPromise] = {
    errors.Busy: gettext_lazy("Our queue for Tencent is full."),
    errors.ProviderUnreachable: gettext_lazy(
        "Tencent cannot be reached. The time line shows the attempt; the collector keeps trying."
    ),
    errors.ProviderUnavailable: gettext_lazy(
        "Tencent refuses this account. The time line says why: tell whoever runs the account."
    ),
    errors.Invalid: gettext_lazy(
        "Tencent did not accept the request. The time line says what it objects to."
    ),
    errors.NotCancelable: gettext_lazy(
        "Nothing was canceled: only a session with a live token can be."
    ),
    errors.NotErasable: gettext_lazy("Nothing was erased."),
    errors.NotReviewable: gettext_lazy("Nothing was decided. Look at the session again."),
}


def what_to_do(error: Exception) -> str:
    """A failed act in a sentence for staff, with the wait and Tencent's RequestId if any."""
    if not isinstance(error, errors.ServiceError):
        return _("The FACEID setting stands in the way: %s") % error
    parts = [str(NEXT.get(type(error), error))]
    if isinstance(error, (errors.NotErasable, errors.NotReviewable)):
        parts.append(str(error))
    if error.retry_after:
        parts.append(_("Try again in %d seconds.") % error.retry_after)
    if error.request_id:
        parts.append(_("RequestId: %s") % error.request_id)
    return " ".join(parts)
