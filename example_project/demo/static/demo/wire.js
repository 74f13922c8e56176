/** The drawer: what the app said to this site, what this site said to Tencent, what is on record. */

import { mask } from "./rest.js";

export class Wire {
  #rest;
  #url;
  #calls = new Map();
  #soon;

  constructor(rest, url) {
    this.#rest = rest;
    this.#url = url;
    rest.addEventListener("exchange", ({ detail }) => {
      this.#put("rest", exchange({ ...detail, good: detail.status < 400 }));
      this.refreshSoon();
    });
    setInterval(() => document.hidden || this.refresh(), 10_000);
    document.getElementById("wire").addEventListener("click", copy);
    this.refreshSoon();
  }

  refreshSoon() {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.refresh(), 200);
  }

  async refresh() {
    const { ok, body } = await this.#rest.call("GET", this.#url, null, { announced: false });
    if (!ok) return;
    for (const call of body.calls.toReversed()) this.#show(call);
    const rows = body.events.map(line);
    if (rows.length) document.getElementById("record").replaceChildren(...rows);
  }

  #show(call) {
    const known = this.#calls.get(call.id);
    if (known?.outcome === call.outcome) return;
    const item = exchange({
      method: "",
      target: call.action,
      headers: {},
      status: call.error_code || result(call) || call.outcome,
      good: call.outcome === "ok",
      milliseconds: call.milliseconds,
      sent: call.request ?? "kept nowhere: Tencent was asked directly",
      received: call.response ?? { RequestId: call.request_id },
      curl: call.curl,
    });
    if (known) known.item.replaceWith(item);
    else this.#put("tencent", item);
    this.#calls.set(call.id, { outcome: call.outcome, item });
  }

  #put(lane, item) {
    const list = document.getElementById(lane);
    list.querySelector(".none")?.remove();
    list.prepend(item);
  }
}

function exchange({ method, target, status, good, milliseconds, headers, sent, received, curl }) {
  const item = document.getElementById("exchange-template").content.firstElementChild.cloneNode(true);
  const fill = (selector, text) => (item.querySelector(selector).textContent = text);
  fill(".method", method);
  fill(".target", target.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, mask));
  fill(".answer", status);
  fill(".took", milliseconds === null ? "" : `${milliseconds} ms`);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  fill(".sent", `${lines.join("")}${method === "GET" ? "no body" : json(sent)}`);
  fill(".received", json(received));
  fill(".curl", curl);
  item.querySelector(".answer").dataset.good = good ? "yes" : "no";
  return item;
}

function line({ at, kind, from, to, source, session }) {
  const item = document.createElement("li");
  const what = kind === "transition" ? `${from || "new"} → ${to}` : kind.replace("_", " ");
  for (const [name, text] of [
    ["when", at.slice(11, 19)],
    ["what", what],
    ["by", `by ${source}`],
    ["of", mask(session)],
  ]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = `${text} `;
    item.append(part);
  }
  return item;
}

function json(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

async function copy({ target }) {
  if (!target.classList.contains("copy")) return;
  await navigator.clipboard.writeText(target.parentElement.querySelector(".curl").textContent);
  target.textContent = "Copied";
  setTimeout(() => (target.textContent = "Copy"), 1500);
}

function result({ response }) {
  return response?.Result && `Result ${response.Result}`;
}
