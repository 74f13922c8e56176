/** A ring that counts down by the server's clock: the browser's own may be wrong by minutes. */

export class Countdown extends EventTarget {
  #root;
  #left;
  #since;
  #timer;

  constructor(root) {
    super();
    this.#root = root;
  }

  /** Count from `serverTime` to `expiresAt`, both as the same answer gave them. */
  start(serverTime, expiresAt) {
    this.stop();
    this.#left = (Date.parse(expiresAt) - Date.parse(serverTime)) / 1000;
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#tick(), 250);
    this.#tick();
  }

  stop() {
    clearInterval(this.#timer);
  }

  #tick() {
    const left = Math.max(0, this.#left - (performance.now() - this.#since) / 1000);
    const shown = Math.ceil(left);
    const text = `${Math.floor(shown / 60)}:${String(shown % 60).padStart(2, "0")}`;
    const time = this.#root.querySelector("#time-left");
    if (time.textContent !== text) {
      time.textContent = text;
      if (shown > 0 && shown % 60 === 0) {
        this.dispatchEvent(new CustomEvent("minute", { detail: shown / 60 }));
      }
    }
    this.#root.querySelector(".left").setAttribute("stroke-dashoffset", String(600 - left));
    this.#root.dataset.urgent = left <= 60 ? "yes" : "no";
    if (left === 0) {
      this.stop();
      this.dispatchEvent(new Event("end"));
    }
  }
}
