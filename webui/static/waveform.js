// Move about in a waveform: drag, wheel, arrow keys, + and -. The address says what is shown, and the server draws it.
import { refresh } from "./live.js";

const SETTLE_MS = 150;
const pictures = () => document.querySelector("[data-waveform]");

// Nanoseconds are more than a number holds; microseconds since 1970 are not.
const shown = (picture) => [picture.dataset.start, picture.dataset.end].map((text) => Number(text.slice(0, -3)));

function iso(us) {
  const whole = Math.floor(us / 1e6);
  const rest = String(Math.round(us - whole * 1e6)).padStart(6, "0");
  return new Date(whole * 1000).toISOString().replace(/\.\d+Z$/, `.${rest}Z`);
}

let wanted = null;
let timer = 0;

// At once to the eye, a little later to the server: a wheel turns in many small steps.
function show(picture, start, end) {
  wanted = [start, end];
  const [from, to] = shown(picture);
  const factor = (to - from) / (end - start);
  const svg = picture.querySelector("svg svg");
  svg.style.transformOrigin = "0 0";
  svg.style.transform = `translateX(${((from - start) / (end - start)) * picture.clientWidth}px) scaleX(${factor})`;
  clearTimeout(timer);
  timer = setTimeout(ask, SETTLE_MS);
}

async function ask() {
  const address = new URL(location.href);
  address.searchParams.set("start", iso(wanted[0]));
  address.searchParams.set("end", iso(wanted[1]));
  wanted = null;
  history.replaceState(null, "", address);
  await refresh(true);
  const svg = pictures()?.querySelector("svg svg");
  if (svg) svg.style.transform = "";
}

function zoom(picture, factor, at) {
  const [start, end] = wanted ?? shown(picture);
  const fixed = start + (end - start) * at;
  const length = Math.max((end - start) * factor, 1e5);
  show(picture, fixed - length * at, fixed + length * (1 - at));
}

function move(picture, share) {
  const [start, end] = wanted ?? shown(picture);
  show(picture, start + (end - start) * share, end + (end - start) * share);
}

const KEYS = {
  ArrowLeft: (picture) => move(picture, -0.25),
  ArrowRight: (picture) => move(picture, 0.25),
  "+": (picture) => zoom(picture, 0.5, 0.5),
  "=": (picture) => zoom(picture, 0.5, 0.5),
  "-": (picture) => zoom(picture, 2, 0.5),
};

const under = (event) => event.target.closest?.("[data-waveform]");

export function startWaveforms() {
  document.addEventListener("keydown", (event) => {
    const picture = under(event);
    if (!picture || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key](picture);
  });
  document.addEventListener("wheel", (event) => {
    const picture = under(event);
    if (!picture) return;
    event.preventDefault();
    const box = picture.getBoundingClientRect();
    zoom(picture, 1.002 ** event.deltaY, (event.clientX - box.left) / box.width);
  }, { passive: false });
  document.addEventListener("pointerdown", (event) => {
    const picture = under(event);
    if (!picture || event.button !== 0) return;
    const [start, end] = wanted ?? shown(picture);
    const scale = (end - start) / picture.clientWidth;
    const drag = (now) => show(picture, start - (now.clientX - event.clientX) * scale, end - (now.clientX - event.clientX) * scale);
    document.addEventListener("pointermove", drag);
    document.addEventListener("pointerup", () => document.removeEventListener("pointermove", drag), { once: true });
  });
}
