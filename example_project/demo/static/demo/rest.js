/** The site's REST interface as an app uses it. Every exchange is announced, its token masked. */

const SECRET = new Set(["sdk_token", "server_param_info"]);

export class Rest extends EventTarget {
  #csrf;
  #user;

  constructor(csrf, user) {
    super();
    this.#csrf = csrf;
    this.#user = user;
  }

  /** Send one request; `announced` false for what an app would not send. */
  async call(method, path, body, { headers = {}, announced = true } = {}) {
    const sent = { Accept: "application/json", ...headers };
    if (method !== "GET") sent["Content-Type"] = "application/json";
    const started = performance.now();
    const response = await fetch(path, {
      method,
      headers: { ...sent, "X-CSRFToken": this.#csrf },
      body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
      credentials: "same-origin",
    });
    const answer = {
      status: response.status,
      ok: response.ok,
      retryAfter: Number(response.headers.get("Retry-After")) || 0,
      body: await response.json().catch(() => ({})),
    };
    if (announced) this.#announce({ method, path, body, headers, answer, started });
    return answer;
  }

  #announce({ method, path, body, headers, answer, started }) {
    const detail = {
      method,
      target: path,
      status: answer.status,
      milliseconds: Math.round(performance.now() - started),
      headers,
      sent: body ?? {},
      received: masked(answer.body),
      curl: this.#curl(method, path, body, headers),
    };
    this.dispatchEvent(new CustomEvent("exchange", { detail }));
  }

  #curl(method, path, body, headers) {
    const parts = ["curl", "-u", this.#user];
    if (method !== "GET") {
      parts.push("-X", method, "-H", quoted("Content-Type: application/json"));
      parts.push("-d", quoted(JSON.stringify(body ?? {})));
    }
    for (const [name, value] of Object.entries(headers)) parts.push("-H", quoted(`${name}: ${value}`));
    return [...parts, new URL(path, location.href).href].join(" ");
  }
}

/** Enough of a token to recognise it, too little to use it. */
export function mask(token) {
  return token.length > 16 ? `${token.slice(0, 4)}…${token.slice(-4)}` : "…";
}

function masked(value, name = "") {
  if (typeof value === "string" && SECRET.has(name)) return mask(value);
  if (Array.isArray(value)) return value.map((each) => masked(each));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, masked(each, key)]));
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
