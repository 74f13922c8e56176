"""Plays one whole onboarding against the running demo, by HTTP, and prints what it saw."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import requests

TIMEOUT = (3, 15)
RESULT_SECONDS = 30.0
# The sweep runs every 30 s, and one of its messages may have to wait.
SWEEP_SECONDS = 90.0


class Failed(Exception):
    """A step saw something else than it should; the text says what, and what to do about it."""


class Row(NamedTuple):
    """One line of the report."""

    step: str
    seen: str
    ok: bool
    milliseconds: int


def main(url: str, environ: Mapping[str, str]) -> int:
    """Play every step against the demo at ``url``; 0 when all went well, else 1.

    ``environ`` is the demo's own environment: the phone is played at FACEID_SANDBOX_URL.
    """
    if not environ.get("FACEID_SANDBOX_URL"):
        print("The smoke test plays a phone, which only the sandbox lets it do.")
        print("Unset TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY and start it again.")
        return 1
    rows = []
    for step, play in Onboarding(url.rstrip("/"), environ).steps():
        rows.append(_row(step, play))
        if not rows[-1].ok:
            break
    ok = all(row.ok for row in rows)
    print(table(rows))
    logs = environ.get("FACEID_DEMO_RUN_DIR", "example_project/.run")
    print("\nEverything works." if ok else f"\nStopped at the first failure. Logs: {logs}/logs")
    return 0 if ok else 1


def _row(step: str, play: Callable[[], str]) -> Row:
    started = time.monotonic()
    try:
        seen, ok = play(), True
    except Failed as failure:
        seen, ok = str(failure), False
    except requests.RequestException as error:
        seen, ok = f"no answer ({type(error).__name__}); do all of the demo's processes run?", False
    return Row(step, seen, ok, round((time.monotonic() - started) * 1000))


def table(rows: list[Row]) -> str:
    """The report as text, in columns."""
    steps = max(len(row.step) for row in rows)
    seen = max(len(row.seen) for row in rows)
    lines = [f"{'step':{steps}}  {'seen':{seen}}  {'result':6}  {'ms':>6}"]
    for row in rows:
        result = "ok" if row.ok else "FAILED"
        lines.append(f"{row.step:{steps}}  {row.seen:{seen}}  {result:6}  {row.milliseconds:6}")
    return "\n".join(lines)


class Visitor:
    """Somebody with a browser of their own, signed in or not."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._browser = requests.Session()
        self._browser.trust_env = False

    def sign_in(self, name: str, page: str) -> str:
        """Fill in the form on ``page``; the demo's passwords are its names."""
        self.get(page)
        answer = self._browser.post(
            f"{self._site}{page}",
            data={"username": name, "password": name, "csrfmiddlewaretoken": self._csrf()},
            allow_redirects=False,
            timeout=TIMEOUT,
        )
        expect(answer, 302, "`manage.py demo_setup` makes the demo's people")
        return f"{name}, by the form at {page}"

    def get(self, path: str, **query: str) -> requests.Response:
        """GET a path of the site."""
        return self._browser.get(f"{self._site}{path}", params=query, timeout=TIMEOUT)

    def post(self, path: str, body: object = None, **headers: str) -> requests.Response:
        """POST JSON as an app would; a header's name has _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._browser.post(
            f"{self._site}{path}",
            json=body or {},
            headers={"X-CSRFToken": self._csrf(), **sent},
            timeout=TIMEOUT,
        )

    def _csrf(self) -> str:
        return self._browser.cookies.get("csrftoken") or ""


class Onboarding:
    """The steps in their order, and what one leaves for the next."""

    def __init__(self, site: str, environ: Mapping[str, str]) -> None:
        self._demo = Visitor(site)
        self._staff = Visitor(site)
        self._door = f"{environ['FACEID_SANDBOX_URL']}/control"
        self._secret = environ.get("FACEID_SANDBOX_CONTROL_SECRET", "")
        self._session: dict[str, Any] = {}
        self._second: dict[str, Any] = {}
        self._key = str(uuid.uuid4())

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """What is played, in order."""
        return [
            ("A person signs in", lambda: self._demo.sign_in("demo", "/accounts/login/")),
            ("The gate is closed", self._gate_is_closed),
            ("A token is issued", self._issue),
            ("It is told only once", self._told_once),
            ("The phone passes", self._phone_passes),
            ("The result is fetched", self._result),
            ("The gate opens", self._gate_opens),
            ("Staff find the RequestId", self._staff_find_it),
            ("A second token is issued", self._issue_second),
            ("Ten minutes pass", self._ten_minutes_pass),
            ("Its owner gets it no more", self._refused_to_its_owner),
            ("No phone can use it", self._refused_to_a_phone),
            ("The worker moves the label", self._worker_moves_the_label),
        ]

    def _gate_is_closed(self) -> str:
        answer = self._demo.post("/withdraw/", {"flow": "default"})
        expect(answer, 403, "is the database a fresh one?")
        return "403 before anything is proved"

    def _issue(self) -> str:
        answer = self._demo.post("/faceid/sessions/", {"flow": "default"})
        self._session = expect(answer, 201, "see web.log for the call to the sandbox")
        must(bool(self._session["sdk_token"]), "201 without an sdk_token")
        return f"201 {self._session['status']}, RequestId {self._session['request_id']}"

    def _told_once(self) -> str:
        body = expect(self._demo.get(self._path(self._session)), 200, "the session must be there")
        must("sdk_token" not in body, "a GET repeats the sdk_token")
        return f"GET says {body['status']} and no sdk_token"

    def _phone_passes(self) -> str:
        token = self._session["sdk_token"]
        answer = self._control("play", {"SdkToken": token, "Outcome": "pass"})
        expect(answer, 200, "see sandbox.log")
        return "the sandbox played a live person"

    def _result(self) -> str:
        deadline = time.monotonic() + RESULT_SECONDS
        answer = self._demo.post(f"{self._path(self._session)}result/")
        while answer.status_code == 202 and time.monotonic() < deadline:
            time.sleep(float(answer.headers["Retry-After"]))
            answer = self._demo.post(f"{self._path(self._session)}result/")
        body = expect(answer, 200, "no final result came in time; see web.log")
        must(body["verdict"] == "verified", f"the verdict is {body['verdict']}")
        return f"200 {body['status']}, {body['verdict']}: {body['message']}"

    def _gate_opens(self) -> str:
        body = expect(
            self._demo.post("/withdraw/", {"flow": "default"}), 200, "is_verified says no"
        )
        return f"200 {body['detail']}"

    def _staff_find_it(self) -> str:
        self._staff.sign_in("staff", "/admin/login/")
        request_id = self._session["request_id"]
        found = self._staff.get("/admin/faceid/verificationsession/", q=request_id)
        pages = set(re.findall(r"/admin/faceid/verificationsession/\d+/change/", found.text))
        must(len(pages) == 1, f"the search for {request_id} gives {len(pages)} sessions")
        page = self._staff.get(pages.pop())
        must(request_id in page.text, "the session's page does not show its RequestId")
        must(self._session["sdk_token"] not in page.text, "the session's page shows the SdkToken")
        return "one session, and its page tells the story"

    def _issue_second(self) -> str:
        self._second = expect(self._ask_for_second(), 201, "see web.log for the call")
        return f"201 {self._second['status']}, for the flow withdraw"

    def _ten_minutes_pass(self) -> str:
        expect(self._demo.post("/clock/"), 200, "the sandbox's control door must be open")
        return "the clock of the site, the worker and the sandbox"

    def _refused_to_its_owner(self) -> str:
        body = expect(self._ask_for_second(), 200, "a repeat with the same key must be replayed")
        must(body["sdk_token"] is None, "a token is handed out after its ten minutes")
        must(body["status"] == "expired", f"the session is {body['status']}")
        return f"the same request again: {body['status']}, no token"

    def _refused_to_a_phone(self) -> str:
        answer = self._control("begin", {"SdkToken": self._second["sdk_token"]})
        expect(answer, 409, "the sandbox's clock must have moved as well")
        return f"409 {answer.json()['Error']['Code']}"

    def _worker_moves_the_label(self) -> str:
        deadline = time.monotonic() + SWEEP_SECONDS
        while time.monotonic() < deadline:
            for event in expect(self._demo.get("/wire/"), 200, "see web.log")["events"]:
                if event["session"] == self._second["id"] and event["to"] == "expired":
                    must(event["source"] == "task", f"moved by {event['source']}, not by a task")
                    return f"{event['from']} → {event['to']} by the worker"
            time.sleep(1)
        raise Failed(f"still issued after {SWEEP_SECONDS:.0f} s; see worker.log and beat.log")

    def _ask_for_second(self) -> requests.Response:
        body = {"flow": "withdraw"}
        return self._demo.post("/faceid/sessions/", body, Idempotency_Key=self._key)

    def _control(self, call: str, body: object) -> requests.Response:
        headers = {"X-Sandbox-Secret": self._secret}
        return requests.post(f"{self._door}/{call}", json=body, headers=headers, timeout=TIMEOUT)

    def _path(self, session: Mapping[str, Any]) -> str:
        return f"/faceid/sessions/{session['id']}/"


def expect(answer: requests.Response, status: int, advice: str) -> Any:
    """The JSON of an answer with that status, None without; raises Failed for any other."""
    if answer.status_code != status:
        code = _code_of(answer)
        raise Failed(f"{answer.status_code}{code} instead of {status}; {advice}")
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.json() if is_json else None


def must(holds: bool, otherwise: str) -> None:
    """Raise Failed with the sentence unless it holds."""
    if not holds:
        raise Failed(otherwise)


def _code_of(answer: requests.Response) -> str:
    try:
        return f" {answer.json()['code']}"
    except (ValueError, KeyError, TypeError):
        return ""
