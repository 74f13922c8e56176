"""``kill -9`` at random moments: what is lost, doubled or stuck afterwards.

A child issues, pulls, sweeps and delivers without pause; the parent plays Tencent and the phones,
kills the child, moves the clock past every lease and looks at the rows. The rival calls and then
inserts, in one transaction.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .scratch import ADDRESSES, on_each, scratch
from .tables import Bounds, machine, table

if TYPE_CHECKING:
    from django_faceid.sandbox.state import SandboxState

    from .victim import Scene

KILLS = 200
LONGEST_LIFE = 0.5
# Between the minting of a token and its answer: the window in which a kill does harm.
VENDOR_SECONDS = 0.02
PAST_EVERY_LEASE = 76
TEN_MINUTES = 600
OUTCOMES = ("pass", "pass", "too_dark", "spoof", "walk_away")


@dataclass
class Findings:
    """What a run of kills left behind; each list names what should not be there."""

    kills: int = 0
    tokens: int = 0
    sessions: int = 0
    announced: int = 0
    caught: int = 0
    open_keys: int = 0
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--database", choices=[*ADDRESSES, "all"], default="all")
    options = parser.parse_args(arguments)
    if options.database == "all":
        return on_each("crash", ["--kills", str(options.kills)])
    with scratch(options.database) as folder:
        return report(options.database, ours(folder, options.kills), rival(folder, options.kills))


def report(database: str, ours: Findings, rival: Findings) -> int:
    """Print the table and hold each zero; the exit status."""
    machine()
    table(
        f"kill -9 on {database}",
        ["", "django-faceid", "call, then insert"],
        [
            ["kills", ours.kills, rival.kills],
            ["tokens minted", ours.tokens, rival.tokens],
            ["  their process killed before the commit", ours.caught, len(rival.lost)],
            ["  without a row that says so", len(ours.lost), len(rival.lost)],
            ["sessions", ours.sessions, rival.sessions],
            ["  stuck", len(ours.stuck), "-"],
            ["  with an illegal or doubled change", len(ours.doubled), "-"],
            ["announced events", ours.announced, "-"],
            ["  never heard", len(ours.unheard), "-"],
            ["keys held by a killed process", ours.open_keys, "-"],
            ["  blocked beyond the lease", len(ours.blocked), "-"],
            ["errors that no caller expects", len(ours.surprises), len(rival.surprises)],
        ],
    )
    bounds = Bounds()
    for what in ("lost", "stuck", "doubled", "unheard", "blocked", "surprises"):
        found: list[str] = getattr(ours, what)
        bounds.exactly(what, len(found), 0)
        for line in found[:5]:
            print(f"          {line}")
    return bounds.exit_status


def ours(folder: Path, kills: int) -> Findings:
    """Kill the app ``kills`` times on the database that Django is set up on."""
    from django_faceid import services

    found = Findings(kills)
    with _stage(folder, found) as (sandbox, stage):
        for number in range(kills):
            stage.kill_one(number, "ours")
            stage.pass_time(PAST_EVERY_LEASE)
            services.recover_interrupted()
            _take_keys_over(found)
            services.deliver_events()
            # Every other child starts with tokens to sweep.
            stage.pass_time(TEN_MINUTES if number % 2 else 0)
        stage.pass_time(TEN_MINUTES)
        services.expire_tokens()
        services.recover_interrupted()
        services.collect_results()
        services.deliver_events()
        stage.pass_time(PAST_EVERY_LEASE)
        services.recover_interrupted()
        services.deliver_events()
        _judge(found, sandbox, stage)
    return found


def rival(folder: Path, kills: int) -> Findings:
    """Kill the naive way as often: call, then insert, in one transaction."""
    from django_faceid.models import VerificationSession

    found = Findings(kills)
    with _stage(folder, found) as (sandbox, stage):
        for number in range(kills):
            stage.kill_one(kills + number, "rival")
        sessions = VerificationSession.objects.exclude(sdk_token="")
        known = {session.sdk_token for session in sessions}
        found.tokens = len(sandbox.tokens)
        found.lost = [token for token in sandbox.tokens if token not in known]
        found.sessions = found.tokens - len(found.lost)
        found.surprises = stage.lines("surprises")
    return found


@contextmanager
def _stage(folder: Path, found: Findings) -> Iterator[tuple[SandboxState, _Stage]]:
    from django_faceid import clock
    from django_faceid.sandbox.faults import Delay
    from tests.proofs.world import listening, roomy_sandbox

    with roomy_sandbox() as sandbox:
        sandbox.faults.add(Delay(Seconds=VENDOR_SECONDS, Count=None))
        stage = _Stage(folder, sandbox)
        clock.offset = stage.scene(0).offset
        with listening(stage.scene(0).hear), stage.phones():
            yield sandbox, stage


class _Stage:
    """The parent's side: Tencent, phones, time and death."""

    def __init__(self, folder: Path, sandbox: SandboxState) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.benchmarks.victim"])
        self._ahead = 0.0
        for file in ("heard", "surprises"):
            (folder / file).write_text("")
        self.pass_time(0)

    def scene(self, number: int) -> Scene:
        from django.conf import settings
        from django.db import connection

        from .victim import Scene

        name = str(connection.settings_dict["NAME"])
        return Scene(self._folder, name, settings.FACEID, number)

    def kill_one(self, number: int, way: str) -> None:
        """Start a child, and kill it at a moment of its work."""
        from .victim import run

        here, there = self._context.Pipe(duplex=False)
        child = self._context.Process(target=run, args=(self.scene(number), way, there))
        child.start()
        there.close()
        if not here.poll(60) or not here.recv():
            raise RuntimeError("the child did not start")
        time.sleep(random.uniform(0, LONGEST_LIFE))
        child.kill()
        child.join()

    def pass_time(self, seconds: float) -> None:
        """Move the app's clock, in every process, and the sandbox's."""
        self._ahead += seconds
        self._sandbox.advance(seconds)
        new = self._folder / "clock.new"
        new.write_text(str(self._ahead))
        # At once, since a child may be reading.
        new.replace(self._folder / "clock")

    def lines(self, what: str) -> list[str]:
        return (self._folder / what).read_text().splitlines()

    @contextmanager
    def phones(self) -> Iterator[None]:
        """Let somebody play every new token soon."""
        done = threading.Event()
        player = threading.Thread(target=self._play, args=(done,))
        player.start()
        try:
            yield
        finally:
            done.set()
            player.join()

    def _play(self, done: threading.Event) -> None:
        from django_faceid.sandbox.errors import PhoneRefused

        while not done.wait(0.02):
            for token in list(self._sandbox.tokens)[-50:]:
                with suppress(PhoneRefused):
                    self._sandbox.play(token, random.choice(OUTCOMES))


def _take_keys_over(found: Findings) -> None:
    """Repeat each request whose process died with the key in its hand."""
    from django_faceid import services
    from django_faceid.models import IdempotencyClaim, VerificationSession
    from django_faceid.services.errors import ServiceError

    for claim in IdempotencyClaim.objects.filter(answered=False):
        found.open_keys += 1
        session = VerificationSession.objects.filter(subject_key=claim.subject_key).first()
        who = session.reference if session else ""
        try:
            services.issue_token(who, idempotency_key=who)
        except (ServiceError, ValueError) as error:
            found.blocked.append(f"{who}: {type(error).__name__}: {error}")


def _judge(found: Findings, sandbox: SandboxState, stage: _Stage) -> None:
    from django_faceid.models import ApiCall, Outcome, SessionEvent, VerificationSession
    from django_faceid.models.events import ANNOUNCED
    from django_faceid.tencent.types import GET_TOKEN
    from tests.proofs import invariants

    sessions = list(VerificationSession.objects.all())
    events = list(SessionEvent.objects.all())
    pairs = (line.split() for line in stage.lines("heard"))
    heard = {(name, int(pk)) for name, pk in pairs}
    minted = {token.Extra for token in sandbox.tokens.values()}
    killed = ApiCall.objects.filter(action=GET_TOKEN, outcome=Outcome.INTERRUPTED)
    found.caught = sum(str(call.session) in minted for call in killed.select_related("session"))
    found.tokens, found.sessions = len(sandbox.tokens), len(sessions)
    found.announced = sum(event.kind in ANNOUNCED for event in events)
    found.lost = list(invariants.lost_tokens(sandbox.tokens.values(), sessions))
    found.stuck = [
        *invariants.left_behind(),
        *invariants.two_live(sessions),
        *invariants.pulls_without_a_token(sessions),
    ]
    found.doubled = [
        *invariants.illegal_stories(sessions, events),
        *invariants.wrong_verdicts(sessions),
    ]
    found.unheard = list(invariants.unheard(events, heard))
    found.surprises = stage.lines("surprises")
