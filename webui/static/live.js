// Keep the page up to date: listen for changes, fetch the page again, show how old its data are.
import { age, clock, evaluated, now, setClock, tick, words } from "./ages.js";
import { listen } from "./channel.js";
import { misplaced, morph, reorder } from "./morph.js";
import { morphRows, withoutRows } from "./rows.js";

const STALE_S = 10;
const LOST_S = 60;
const POLL_MS = 5000;
// Without news, or without a stream, the page is asked for so often: a status that nobody renews has to turn UNKNOWN.
const CHECK_MS = 15000;
// Never busy with refreshing for more than a tenth of the time, and the server not for more than a third of it.
const REST_FACTOR = 9;
const REST_WAIT_FACTOR = 2;
const REST_MIN_MS = 500;

const main = document.getElementById("main");
const indicator = document.getElementById("live");
let line = { state: "connecting", attempt: 0 };
let wanted = false;
let busy = false;
// The state of the database that the page shows, and the newest that the stream told of.
const version = () => Number(main.dataset.version);
let told = NaN;

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

const old = () => (now() - evaluated()) / 1000;

function show() {
  const seconds = old();
  // the style sheet takes the colours off what nobody knows any more
  document.documentElement.toggleAttribute("data-lost", seconds > LOST_S);
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

// Milliseconds of work, in short pieces; between two of them the page answers its reader.
async function apply(text) {
  const began = performance.now();
  const { rest, rows } = withoutRows(text);
  const fresh = new DOMParser().parseFromString(rest, "text/html");
  const next = fresh.getElementById("main");
  if (!next?.dataset.now) return 0;
  // another tab chose another time zone: heads and times of one page must not be of two
  if (fresh.documentElement.dataset.zone !== document.documentElement.dataset.zone) {
    location.reload();
    return 0;
  }
  document.title = fresh.title;
  const order = [...next.querySelectorAll("[data-ordered] tbody tr")].map((row) => row.dataset.key);
  morph(main, next);
  setClock();
  const spent = performance.now() - began + await morphRows(main, rows);
  const ended = performance.now();
  const table = document.querySelector("[data-ordered]");
  if (table) arrange(table, order);
  tick();
  show();
  return spent + performance.now() - ended;
}

// Asked for by the reader it is done at once.
export async function refresh(atOnce = false) {
  wanted = true;
  if ((busy && !atOnce) || document.hidden) return;
  busy = true;
  const began = performance.now();
  let waited = 0;
  let spent = 0;
  try {
    wanted = false;
    const headers = { Accept: "text/html", ...(atOnce ? {} : { "X-Refresh": "1" }) };
    const answer = await fetch(location.href, { headers, cache: "no-cache" });
    const text = answer.ok ? await answer.text() : "";
    waited = performance.now() - began;
    if (answer.ok) spent = await apply(text);
    if (told > version()) wanted = true;
  } catch {
    // The connection is gone; the indicator says so, and the next change or poll tries again.
  }
  setTimeout(() => {
    busy = false;
    if (wanted) refresh();
  }, Math.max(REST_MIN_MS, REST_FACTOR * spent, REST_WAIT_FACTOR * waited));
}

export function startLive() {
  if (main.hasAttribute("data-still")) return;
  listen((message) => {
    line = message;
    told = message.version ?? told;
    if (message.changed && message.version !== version()) refresh();
    show();
  });
  setInterval(() => { if (line.state === "polling") refresh(); }, POLL_MS);
  setInterval(() => { if (line.state === "closed" || old() > STALE_S) refresh(); }, CHECK_MS);
  setInterval(show, 200);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && wanted) refresh(); });
}
