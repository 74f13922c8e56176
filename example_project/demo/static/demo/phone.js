/** The drawn phone. The sandbox plays what its camera would have seen. */

const SCREENS = {
  idle: "Waiting for a token",
  ready: "Hold your face in the frame",
  scanning: "Checking…",
  sent: "Sent. Back to the app",
  done: "Done. Back to the app",
  left: "Nobody is there",
};
// What Tencent's mobile SDK tells the app: 0 when it went through, 212 when the person left.
const SDK_CODES = { pass: 0, walk_away: 212 };
const SCAN_MILLISECONDS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 100 : 1400;

export class Phone extends EventTarget {
  #rest;
  #url;
  #phone = document.getElementById("phone");
  #outcomes = document.getElementById("outcomes");

  constructor(rest, url) {
    super();
    this.#rest = rest;
    this.#url = url;
    this.#outcomes.addEventListener("click", ({ target }) => {
      if (target.dataset.outcome) this.#play(target.dataset.outcome);
    });
  }

  /** Show what a phone would show while the journey stands like this. */
  follow(journey) {
    const ready = journey.phase === "live" && journey.token !== null && !journey.waiting;
    this.token = journey.token;
    this.#outcomes.disabled = !ready;
    for (const button of this.#outcomes.querySelectorAll("[data-flow]")) {
      button.hidden = journey.session?.flow !== button.dataset.flow;
    }
    if (ready) this.#screen("ready");
    else if (!journey.waiting) this.#screen(journey.phase === "over" ? this.#end(journey) : "idle");
  }

  async #play(outcome) {
    this.#outcomes.disabled = true;
    this.#screen("scanning");
    const [answer] = await Promise.all([
      this.#rest.call("POST", this.#url, { sdk_token: this.token, outcome }, { announced: false }),
      new Promise((resolve) => setTimeout(resolve, SCAN_MILLISECONDS)),
    ]);
    if (!answer.ok) {
      this.dispatchEvent(new CustomEvent("problem", { detail: answer }));
      return;
    }
    this.#screen(outcome === "walk_away" ? "left" : "sent");
    this.dispatchEvent(new CustomEvent("done", { detail: SDK_CODES[outcome] }));
  }

  #end(journey) {
    if (!journey.session.result) return "idle";
    return journey.session.result.passed ? "done" : "sent";
  }

  #screen(name) {
    this.#phone.dataset.screen = name;
    document.getElementById("screen-text").textContent = SCREENS[name];
  }
}
