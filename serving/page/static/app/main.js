// The frame of the page: its parts, which model answers, keys, and what is told of the service.

import { Api, ServiceError } from "./api.js";
import { KeyQuestion } from "./key_dialog.js";
import { html, nothing, render } from "./lib.js";
import { Task, taskError } from "./task.js";

/** Part of the page: its name in the address -> its label and its module. */
const PARTS = {
  creator: { label: "One creator", module: "./creator/view.js" },
  list: { label: "A list", module: "./list/view.js" },
  plan: { label: "A plan", module: "./plan/view.js" },
  campaigns: { label: "Running campaigns", module: "./campaigns/view.js" },
  trust: { label: "How good is it?", module: "./trust/view.js" },
};
const FIRST = "creator";
const TRAINED_ON_NOTICES = {
  simulated: "This model was trained on simulated data: nothing about real creators follows from its answers.",
  "published figures": "The starter model answers: it rests on published figures and its ranges are wide. Train it on your own data.",
};

/** How often a service that was lost is looked for. */
const LOOK_MS = 3000;

const element = (id) => document.getElementById(id);

/**
 * What the views share. `service`: GET /v1/service; `lists`: what one view hands to another, such
 * as the rows of a list to the plan.
 */
class App {
  constructor() {
    this.service = null;
    this.handed = new EventTarget();
    this.lists = {};
    this.keyQuestion = new KeyQuestion(element("key-dialog"), () => this.draw());
    this.api = new Api({
      askForKey: (reason) => this.keyQuestion.ask(reason),
      onWaiting: (text) => this.showWaiting(text),
      onLost: () => this.lookForService(),
    });
    this.views = new Map();
    this.modules = new Map();
    this.tries = {};
    this.shown = null;
    this.starting = new Task(() => this.draw());
    this.opening = new Task(() => this.draw());
    this.changingKey = new Task(() => this.draw());
  }

  /** Have screen readers say a text. */
  announce(text) {
    element("announce").textContent = text;
  }

  /** Go to another part of the page. */
  go(part) {
    location.hash = `#/${part}`;
  }

  /** Hand something to another view: it finds it under `lists[name]`, and is told by an event. */
  hand(name, value) {
    this.lists[name] = value;
    this.handed.dispatchEvent(new CustomEvent(name, { detail: value }));
  }

  /** Note which model answered; a new one is asked about and told. */
  async noteModel(version) {
    if (!version || version === this.service?.model_version) return;
    try {
      this.service = await this.api.get("v1/service");
    } catch {
      return;
    }
    this.announce("Another model answers now.");
    this.draw();
  }

  async start() {
    const service = await this.starting.run((signal) => this.api.get("v1/service", { signal }));
    if (!service) return;
    this.service = service;
    this.draw();
    await this.show();
    this.loadAhead();
  }

  get part() {
    const name = location.hash.replace(/^#\//, "").split("?")[0];
    return name in PARTS ? name : FIRST;
  }

  /** Show the part that the address names; its module is loaded when it is first shown. */
  async show({ moveFocus = false } = {}) {
    const { part } = this;
    if (!this.service) return;
    const module = await this.opening.run(() => this.module(part));
    if (!module) return;
    if (!this.views.has(part)) this.addView(part, module);
    for (const [name, root] of this.views) root.hidden = name !== part;
    this.shown = part;
    document.title = `${PARTS[part].label} · creatorcast`;
    this.draw();
    if (moveFocus) element("main").focus();
  }

  addView(part, { mount }) {
    const root = document.createElement("section");
    root.id = part;
    root.setAttribute("aria-labelledby", `${part}-title`);
    this.views.set(part, root);
    element("main").append(root);
    mount(root, this);
  }

  /**
   * Give the module of a part. The browser keeps that a module could not be loaded, so that a
   * further try asks for it under another address.
   */
  async module(part) {
    if (!this.modules.has(part)) {
      const tries = this.tries[part] ?? 0;
      const address = `${PARTS[part].module}${tries ? `?retry=${tries}` : ""}`;
      this.modules.set(part, import(address));
    }
    try {
      return await this.modules.get(part);
    } catch (error) {
      this.modules.delete(part);
      this.tries[part] = (this.tries[part] ?? 0) + 1;
      if (!(error instanceof TypeError)) throw error;
      throw new ServiceError(`The service cannot be reached: “${PARTS[part].label}” could not be opened.`);
    }
  }

  /** Load the other parts while nothing else is done, so that they open without the service. */
  loadAhead() {
    for (const part of Object.keys(PARTS)) this.module(part).catch(() => {});
  }

  /** Look for a service that was lost until it answers, and say so. */
  lookForService() {
    this.isBack = false;
    this.looking ??= setInterval(async () => {
      const response = await fetch("readyz", { cache: "no-store" }).catch(() => null);
      if (!response?.ok) return;
      clearInterval(this.looking);
      this.looking = undefined;
      this.isBack = true;
      this.draw();
      if (this.starting.error) this.start();
      else if (this.opening.error) this.show();
    }, LOOK_MS);
  }

  forgetKey() {
    this.api.forgetKey();
    this.announce("The key is forgotten.");
    this.draw();
    element("main").focus();
  }

  async changeKey() {
    if (await this.changingKey.run((signal) => this.api.changeKey(signal))) {
      this.announce("The new key is used.");
    }
  }

  showWaiting(text) {
    this.waiting = text;
    if (!text && !this.looking) this.isBack = false;
    this.draw();
  }

  draw() {
    render(Object.entries(PARTS).map(([name, { label }]) => html`<a href="#/${name}"
      aria-current=${name === this.shown ? "page" : "false"}>${label}</a>`), element("nav"));
    const { service } = this;
    render(service ? html`<span class="label">Model</span> <bdi>${service.model_version}</bdi>` : nothing, element("model"));
    const told = service && TRAINED_ON_NOTICES[service.trained_on];
    render(html`
      ${told ? html`<p class="notice">${told}</p>` : nothing}
      ${this.waiting ? html`<p class="notice" role="status">${this.waiting}</p>` : nothing}
      ${this.isBack ? html`<p class="notice" role="status">The service answers again. Where something failed, try again.</p>` : nothing}
      ${this.keyQuestion.notice()}
      ${taskError(this.starting, () => this.start())}
      ${taskError(this.opening, () => this.show({ moveFocus: true }))}
      ${taskError(this.changingKey)}`, element("notices"));
    render(html`<p>Forecasts are ranges, made by the service that this page came from. Nothing is sent anywhere else.
      <a href="docs">The service over HTTP</a></p>
      ${this.api.hasKey ? html`<p>This tab keeps a key of the service.
        <button type="button" class="link" @click=${() => this.changeKey()}>Give another key</button>
        <button type="button" class="link" @click=${() => this.forgetKey()}>Forget the key</button></p>` : nothing}`, element("footer"));
  }
}

const app = new App();
addEventListener("hashchange", () => app.show({ moveFocus: true }));
app.start();
