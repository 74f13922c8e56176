/** Where Tencent itself answers: the token is copied into an app with Tencent's mobile SDK. */

import { mask } from "./rest.js";

export class Handover extends EventTarget {
  #copy = document.getElementById("copy-token");
  #done = document.getElementById("phone-done");

  constructor() {
    super();
    this.#copy.addEventListener("click", () => navigator.clipboard.writeText(this.token));
    this.#done.addEventListener("click", () => this.dispatchEvent(new CustomEvent("done")));
  }

  /** Show the token while it is worth something. */
  follow(journey) {
    const ready = journey.phase === "live" && journey.token !== null && !journey.waiting;
    this.token = journey.token;
    this.#copy.disabled = this.#done.disabled = !ready;
    const text = ready ? mask(journey.token) : "no token yet";
    document.getElementById("handover-token").textContent = text;
  }
}
