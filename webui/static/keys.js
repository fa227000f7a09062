// Keys: / searches, j k move, Enter opens, [ ] go to the neighbours, f filters, g + letter changes the page, ? helps.

const PAGES = { o: "/", e: "/events", r: "/runs" };
let goingTo = 0;

const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next].scrollIntoView({ block: "nearest" });
  // The focus is the mark: a screen reader follows it, and Enter is the link's own.
  all[next].querySelector("a")?.focus({ preventScroll: true, focusVisible: true });
}

function follow(relation) {
  const link = document.querySelector(`a[rel=${relation}]`);
  if (link) location.assign(link.href);
}

const KEYS = {
  "/": () => document.querySelector(".search input").select(),
  j: () => move(1),
  k: () => move(-1),
  "[": () => follow("prev"),
  "]": () => follow("next"),
  g: () => { goingTo = Date.now(); },
  f: () => document.querySelector(".filters select, .filters input:not([type=hidden])")?.focus(),
  // acknowledging needs a reason: the key goes there
  a: () => document.querySelector("#act-ack [name=why]")?.focus(),
  u: () => document.getElementById("zone").click(),
  "?": () => document.getElementById("help").showModal(),
};

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help").open) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (Date.now() - goingTo < 1000 && PAGES[event.key]) location.assign(PAGES[event.key]);
    else if (KEYS[event.key]) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });
}
