/** Puts the journey on the page: what is shown, what is said, and where the focus goes. */

import { Countdown } from "./countdown.js";
import { Gate } from "./gate.js";
import { Handover } from "./handover.js";
import { Journey } from "./journey.js";
import { Phone } from "./phone.js";
import { Rest, mask } from "./rest.js";
import { Wire } from "./wire.js";

const root = document.getElementById("demo");
const urls = root.dataset;
const find = (id) => document.getElementById(id);

const rest = new Rest(root.querySelector("[name=csrfmiddlewaretoken]").value, urls.user);
new Wire(rest, urls.wire);
const gate = new Gate(rest, urls);
const journey = new Journey(rest, urls.sessions);
const phone = urls.sandbox === "yes" ? new Phone(rest, urls.phone) : new Handover();
const countdown = new Countdown(find("ring"));

const ENDS = {
  succeeded: ["Verified", "good"],
  failed: ["Not this time", "open"],
  rejected: ["Not accepted", "bad"],
  expired: ["Time is up", "open"],
  canceled: ["Canceled", "open"],
  error: ["It did not start", "bad"],
  waiting: ["A colleague decides", "open"],
};

function chosenFlow() {
  return new FormData(find("start")).get("flow");
}

function announce(text) {
  find("announcer").textContent = text;
}

function showProblem(text = "") {
  find("problem").textContent = text;
  find("problem").hidden = !text;
}

function showPhase(phase, { focus = true } = {}) {
  if (root.dataset.phase === phase) return;
  root.dataset.phase = phase;
  const steps = ["choose", "live", "over"];
  for (const step of root.querySelectorAll("[data-step]")) {
    const place = steps.indexOf(step.dataset.step) - steps.indexOf(phase);
    step.dataset.place = place < 0 ? "past" : place > 0 ? "ahead" : "here";
    if (place === 0) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  for (const part of root.querySelectorAll("[data-show]")) part.hidden = part.dataset.show !== phase;
  if (focus) root.querySelector(`[data-show=${phase}] :is(h1, h2)`).focus();
}

function showFacts(session) {
  for (const place of root.querySelectorAll("[data-fact]")) {
    place.textContent = session[place.dataset.fact] ?? "–";
  }
}

function showLive(session) {
  find("live-title").textContent = journey.waiting ? "One moment" : "Take your selfie";
  find("live-message").textContent = session.message;
  find("token").textContent = journey.token ? mask(journey.token) : "handed out before";
  countdown.start(session.server_time, session.expires_at);
}

function showEnd(session) {
  countdown.stop();
  const waits = session.next_action === "wait_for_review";
  const [title, kind] = ENDS[waits ? "waiting" : session.verdict === "rejected" ? "rejected" : session.status];
  find("look-again").hidden = !waits;
  find("verdict").dataset.kind = kind;
  find("verdict-title").textContent = title;
  find("verdict-message").textContent = session.message;
  find("again").textContent = session.next_action === "retry" ? "Try again" : "Start again";
  find("in-admin").href = `${urls.admin}?q=${encodeURIComponent(session.request_id ?? session.id)}`;
  announce(`${title}. ${session.message}`);
}

async function lookAtGate() {
  const standing = await gate.look(journey.session?.flow ?? chosenFlow());
  if (!standing || journey.phase !== "choose") return;
  const begun = standing.session && (await journey.peek(standing.session));
  const live = begun?.status === "issued";
  find("verify").textContent = live ? "Go on with your check" : "Verify your identity";
  if (live && begun.next_action === "wait") journey.resume(begun);
}

async function letTimePass() {
  const { ok, body } = await rest.call("POST", urls.clock, null, { announced: false });
  if (!ok) return showProblem(body.detail);
  announce("Ten minutes have passed.");
  await journey.refresh();
  await lookAtGate();
}

journey.addEventListener("change", () => {
  const { session, phase } = journey;
  showProblem();
  phone.follow(journey);
  if (session) showFacts(session);
  if (phase === "live") showLive(session);
  if (phase === "over") showEnd(session);
  if (phase === "choose") countdown.stop();
  showPhase(phase);
  if (phase !== "live") lookAtGate();
});

for (const source of [journey, phone]) {
  source.addEventListener("problem", ({ detail: { status, body, retryAfter } }) => {
    const later = retryAfter ? ` Try again in ${retryAfter} s.` : "";
    showProblem(`${body.detail ?? `The server answered ${status}.`}${later}`);
  });
}
phone.addEventListener("problem", () => journey.refresh());
phone.addEventListener("done", ({ detail }) => journey.report(detail ?? undefined));

countdown.addEventListener("end", () => journey.refresh());
countdown.addEventListener("minute", ({ detail: minutes }) => {
  if ([5, 1].includes(minutes)) announce(`${minutes} minute${minutes === 1 ? "" : "s"} left.`);
});

find("start").addEventListener("submit", (event) => {
  event.preventDefault();
  journey.begin(chosenFlow());
});
find("start").addEventListener("change", lookAtGate);
find("cancel").addEventListener("click", () => journey.cancel());
find("again").addEventListener("click", () => journey.startAgain());
find("look-again").addEventListener("click", () => journey.refresh());
find("pass-time")?.addEventListener("click", letTimePass);

showPhase("choose", { focus: false });
// Until here no button would have done anything.
find("stage").inert = false;
lookAtGate();
