"""The page, and what only a demo has: a phone to play and a clock to move."""

from __future__ import annotations

from django.urls import path

from . import views
from .sandbox import sandbox

app_name = "demo"

urlpatterns = [
    path("", views.page, name="page"),
    path("withdraw/", views.withdraw, name="withdraw"),
    path("wire/", views.wire, name="wire"),
]
if sandbox() is not None:
    urlpatterns += [
        path("sign-in/", views.sign_in, name="sign-in"),
        path("phone/", views.phone, name="phone"),
        path("clock/", views.pass_time, name="clock"),
    ]
