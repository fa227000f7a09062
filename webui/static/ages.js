// The server's clock, and ages that count on by it.

const WORDS = JSON.parse(document.getElementById("words").textContent);
const main = document.getElementById("main");
const [dayShown, hourShown] = document.getElementById("clock").children;
let offsetMs = 0;

// What scripts say, in the page's language; names in braces are filled in.
export const words = (name) => WORDS[name];

// Now by the server's clock: the one of the computer in front of the screen may be wrong.
export const now = () => Date.now() + offsetMs;

export function setClock() {
  offsetMs = Number(main.dataset.now) - Date.now();
}

// When health last looked at any station; NaN when it never did.
export const evaluated = () => Number(main.dataset.evaluated ?? NaN);

// The same words as webui/words.py: 0.8 s, 47 s, 19 min, 5 h 13 min, 12 d
export function age(seconds) {
  const { s, min, h, d } = WORDS.units;
  seconds = Math.max(0, seconds);
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} ${s}`;
  if (seconds < 90) return `${Math.floor(seconds)} ${s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} ${min}`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} ${d}`;
  return minutes % 60 ? `${hours} ${h} ${minutes % 60} ${min}` : `${hours} ${h}`;
}

// Text is written only where it differs: a screen full of ages costs nothing while they stand.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// What clocks in the page's time zone show, as the server writes it: 2026-11-22 18:42:07.
export function clock(ms) {
  return new Date(ms + Number(main.dataset.ahead) * 1000).toISOString().slice(0, 19).replace("T", " ");
}

export function tick() {
  for (const element of document.querySelectorAll("time.age")) {
    write(element, age((now() - Date.parse(element.dateTime)) / 1000));
  }
  const [day, hour] = clock(now()).split(" ");
  write(dayShown, day);
  write(hourShown, hour);
}

export function startAges() {
  setClock();
  tick();
  setInterval(tick, 1000);
}
