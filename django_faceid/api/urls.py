"""The REST interface, for a host's ``include("django_faceid.api.urls")``.

The trailing slash is optional: a POST cannot be redirected to the other spelling.
"""

from __future__ import annotations

from django.urls import re_path

from . import views

app_name = "faceid"

ID = r"(?P<public_id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"

urlpatterns = [
    re_path(r"^sessions/?$", views.SessionsView.as_view(), name="sessions"),
    re_path(rf"^sessions/{ID}/?$", views.SessionView.as_view(), name="session"),
    re_path(rf"^sessions/{ID}/result/?$", views.ResultView.as_view(), name="result"),
    re_path(rf"^sessions/{ID}/cancel/?$", views.CancelView.as_view(), name="cancel"),
    re_path(r"^flows/?$", views.FlowsView.as_view(), name="flows"),
    re_path(r"^flows/(?P<name>[^/]+)/?$", views.FlowView.as_view(), name="flow"),
]
