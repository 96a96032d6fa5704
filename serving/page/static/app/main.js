// The frame of the page: its parts, which model answers, keys, and what is told of the service.

import { Api } from "./api.js";
import { askForKey } from "./key_dialog.js";
import { html, nothing, render } from "./lib.js";
import { Task, taskError } from "./task.js";

/** Part of the page: its name in the address -> its label and its module. */
const PARTS = {
  creator: { label: "One creator", load: () => import("./creator/view.js") },
  list: { label: "A list", load: () => import("./list/view.js") },
  plan: { label: "A plan", load: () => import("./plan/view.js") },
  campaigns: { label: "Running campaigns", load: () => import("./campaigns/view.js") },
  trust: { label: "How good is it?", load: () => import("./trust/view.js") },
};
const FIRST = "creator";
const TRAINED_ON_NOTICES = {
  simulated: "This model was trained on simulated data: nothing about real creators follows from its answers.",
  "published figures": "The starter model answers: it rests on published figures and its ranges are wide. Train it on your own data.",
};

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
    this.api = new Api({
      askForKey: (wasRefused) => askForKey(element("key-dialog"), wasRefused),
      onWaiting: (text) => this.showWaiting(text),
    });
    this.views = new Map();
    this.starting = new Task(() => this.draw());
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
  }

  get part() {
    const name = location.hash.replace(/^#\//, "").split("?")[0];
    return name in PARTS ? name : FIRST;
  }

  /** Show the part that the address names; its module is loaded when it is first shown. */
  async show({ moveFocus = false } = {}) {
    const { part } = this;
    this.draw();
    if (!this.service) return;
    if (!this.views.has(part)) {
      const root = document.createElement("section");
      root.id = part;
      root.setAttribute("aria-labelledby", `${part}-title`);
      this.views.set(part, root);
      element("main").append(root);
      const { mount } = await PARTS[part].load();
      mount(root, this);
    }
    for (const [name, root] of this.views) root.hidden = name !== this.part;
    document.title = `${PARTS[this.part].label} · creatorcast`;
    if (moveFocus) element("main").focus();
  }

  showWaiting(text) {
    this.waiting = text;
    this.draw();
  }

  draw() {
    render(Object.entries(PARTS).map(([name, { label }]) => html`<a href="#/${name}"
      aria-current=${name === this.part ? "page" : "false"}>${label}</a>`), element("nav"));
    const { service } = this;
    render(service ? html`<span class="label">Model</span> <bdi>${service.model_version}</bdi>` : nothing, element("model"));
    const told = service && TRAINED_ON_NOTICES[service.trained_on];
    render(html`
      ${told ? html`<p class="notice">${told}</p>` : nothing}
      ${this.waiting ? html`<p class="notice" role="status">${this.waiting}</p>` : nothing}
      ${taskError(this.starting, () => this.start())}`, element("notices"));
    render(html`<p>Forecasts are ranges, made by the service that this page came from. Nothing is sent anywhere else.
      <a href="docs">The service over HTTP</a></p>`, element("footer"));
  }
}

const app = new App();
addEventListener("hashchange", () => app.show({ moveFocus: true }));
app.start();
