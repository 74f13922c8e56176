"""The REST interface, for a host's ``include("django_faceid.api.urls")``.

The trailing slash is optional: a POST cannot be redirected to the other spelling.
"""

from __future__ import annotations

from django.urls import re_path

from . import views

app_name = "faceid"

# Any text: what is no id is answered by the view, as a problem.
ID = r"(?P<public_id>[^/]+)"

urlpatterns = [
    re_path(r"^sessions/?\Z", views.SessionsView.as_view(), name="sessions"),
    re_path(rf"^sessions/{ID}/?\Z", views.SessionView.as_view(), name="session"),
    re_path(rf"^sessions/{ID}/result/?\Z", views.ResultView.as_view(), name="result"),
    re_path(rf"^sessions/{ID}/cancel/?\Z", views.CancelView.as_view(), name="cancel"),
    re_path(r"^flows/?\Z", views.FlowsView.as_view(), name="flows"),
    re_path(r"^flows/(?P<name>[^/]+)/?\Z", views.FlowView.as_view(), name="flow"),
]
