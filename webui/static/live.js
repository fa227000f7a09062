// Keep the page up to date: listen for changes, fetch the page again, show how old its data are.
import { age, clock, evaluated, now, setClock, tick, words } from "./ages.js";
import { listen } from "./channel.js";
import { misplaced, morph, reorder } from "./morph.js";

const STALE_S = 10;
const LOST_S = 60;
const POLL_MS = 5000;
// Never busy with refreshing for more than a tenth of the time.
const REST_FACTOR = 9;
const REST_MIN_MS = 500;

const indicator = document.getElementById("live");
let line = { state: "connecting", attempt: 0 };
let wanted = false;
let busy = false;

// `{Live}, data {age} old`: the first braces hold what is bold; a phone shows that and the age only.
function say(name, picture, values = {}) {
  const [, strong, rest] = /^\{(.+?)\}(.*)$/.exec(words(name));
  const text = rest.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  if (indicator.dataset.text === strong + text) return;
  indicator.dataset.text = strong + text;
  const bold = Object.assign(document.createElement("b"), { textContent: strong });
  const line = document.createElement("span");
  line.append(bold, text);
  indicator.replaceChildren(shape(picture), line);
}

function shape(name) {
  return document.getElementById("pictures").content.querySelector(`.${name}`).cloneNode(true);
}

function show() {
  const seconds = (now() - evaluated()) / 1000;
  if (Number.isNaN(seconds)) return say("never", "unknown");
  const values = { age: age(seconds), n: line.attempt };
  if (seconds > LOST_S) say("lost", "bad", { time: clock(evaluated()).slice(11) });
  else if (seconds > STALE_S) say(line.attempt ? "reconnecting" : "stale", "warn", values);
  else if (line.state === "polling") say("polling", "ring", values);
  else if (line.state === "open") say("live", "pulse", values);
}

// Rows do not move under the cursor, and not away from who is reading or stepping through them.
function inUse(table) {
  return table.matches(":hover") || table.contains(document.activeElement);
}

function arrange(table, order) {
  const button = document.getElementById("reorder");
  const [body] = table.tBodies;
  const n = misplaced(body, order);
  if (n && !inUse(table)) reorder(body, order);
  button.hidden = !n || !inUse(table);
  button.textContent = words(n === 1 ? "reorder_one" : "reorder").replace("{n}", n);
  button.onclick = () => {
    reorder(body, order);
    button.hidden = true;
  };
}

function apply(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const next = fresh.getElementById("main");
  if (!next?.dataset.now) return;
  // another tab chose another time zone: heads and times of one page must not be of two
  if (fresh.documentElement.dataset.zone !== document.documentElement.dataset.zone) return location.reload();
  document.title = fresh.title;
  const order = [...next.querySelectorAll("[data-ordered] tbody tr")].map((row) => row.dataset.key);
  morph(document.getElementById("main"), next);
  setClock();
  const table = document.querySelector("[data-ordered]");
  if (table) arrange(table, order);
  tick();
  show();
}

// Asked for by the reader it is done at once.
export async function refresh(atOnce = false) {
  wanted = true;
  if ((busy && !atOnce) || document.hidden) return;
  busy = true;
  const began = performance.now();
  try {
    wanted = false;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
    if (answer.ok) apply(await answer.text());
  } catch {
    // The connection is gone; the indicator says so, and the next change or poll tries again.
  }
  const rest = Math.max(REST_MIN_MS, REST_FACTOR * (performance.now() - began));
  setTimeout(() => {
    busy = false;
    if (wanted) refresh();
  }, rest);
}

export function startLive() {
  if (document.getElementById("main").hasAttribute("data-still")) return;
  listen((message) => {
    line = message;
    if (message.changed) refresh();
    show();
  });
  setInterval(() => { if (line.state === "polling") refresh(); }, POLL_MS);
  setInterval(show, 200);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && wanted) refresh(); });
}
