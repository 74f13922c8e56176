/** One person's way from a token to a verdict, as the app on a phone walks it. */

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export class Journey extends EventTarget {
  session = null;
  token = null;
  #rest;
  #sessions;
  #watch = null;

  constructor(rest, sessions) {
    super();
    this.#rest = rest;
    this.#sessions = sessions;
  }

  /** choose: nothing runs; live: the token's clock does; over: there is an end. */
  get phase() {
    if (this.session === null) return "choose";
    return this.session.status === "issued" ? "live" : "over";
  }

  get waiting() {
    return this.phase === "live" && this.session.next_action === "wait";
  }

  /** Ask for a token. A tap that is repeated gets the same one. */
  async begin(flow) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    this.#take(await this.#rest.call("POST", this.#sessions, { flow }, { headers }));
  }

  /** Say that the phone is done, and come back as often as the server asks for. */
  async report(sdkCode) {
    const watch = (this.#watch = Symbol("watch"));
    let body = sdkCode === undefined ? {} : { sdk_code: sdkCode };
    while (this.#watch === watch) {
      const answer = await this.#rest.call("POST", this.#at("result/"), body);
      if (this.#watch !== watch) return;
      this.#take(answer);
      const again = answer.status === 202 || answer.status === 503;
      if (!again || this.phase === "over") return;
      await pause(answer.retryAfter || 2);
      body = {};
    }
  }

  async cancel() {
    this.#watch = null;
    this.#take(await this.#rest.call("POST", this.#at("cancel/")));
  }

  async refresh() {
    if (this.session === null) return;
    this.#take(await this.#rest.call("GET", this.#at("")));
  }

  /** Look at a session without taking it up; null when it cannot be seen. */
  async peek(id) {
    const { ok, body } = await this.#rest.call("GET", `${this.#sessions}${id}/`);
    return ok ? body : null;
  }

  /** Take up the wait for a session that another page or an earlier visit began. */
  async resume(session) {
    this.session = session;
    await this.report();
  }

  startAgain() {
    this.#watch = null;
    this.session = this.token = null;
    this.dispatchEvent(new Event("change"));
  }

  #at(act) {
    return `${this.#sessions}${this.session.id}/${act}`;
  }

  #take(answer) {
    if (!answer.ok) {
      this.dispatchEvent(new CustomEvent("problem", { detail: answer }));
      return;
    }
    this.session = answer.body;
    this.token = answer.body.sdk_token ?? this.token;
    if (this.phase === "over") {
      this.token = null;
      this.#watch = null;
    }
    this.dispatchEvent(new Event("change"));
  }
}
