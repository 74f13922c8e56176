/** What a verdict is for: money leaves only when the server's gate says so. */

const LOCKED = "Locked until this check is passed. The server decides, not this page: try it.";

export class Gate {
  #rest;
  #urls;
  #flow = "default";
  #turn = 0;
  #card = document.getElementById("gate");
  #answer = document.getElementById("gate-answer");

  constructor(rest, urls) {
    this.#rest = rest;
    this.#urls = urls;
    document.getElementById("withdraw").addEventListener("click", () => this.#withdraw());
  }

  /** Ask how the caller stands in a flow, and show it; null when a later look came first. */
  async look(flow) {
    this.#flow = flow;
    const turn = ++this.#turn;
    const { ok, body } = await this.#rest.call("GET", `${this.#urls.flows}${flow}/`);
    if (!ok || turn !== this.#turn) return null;
    const open = body.verified ? "yes" : "no";
    if (open !== this.#card.dataset.open) this.#answer.textContent = "";
    this.#card.dataset.open = open;
    document.getElementById("gate-state").textContent = body.verified
      ? `Unlocked until ${body.verified_until.slice(11, 16)} UTC, by the server’s clock.`
      : LOCKED;
    return body;
  }

  async #withdraw() {
    const { status, body } = await this.#rest.call("POST", this.#urls.withdraw, { flow: this.#flow });
    this.#answer.textContent = `${status} · ${body.detail}`;
    this.#answer.dataset.good = status === 200 ? "yes" : "no";
  }
}
