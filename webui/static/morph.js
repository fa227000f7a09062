// Bring one piece of the page to what the server says now, touching only what differs: focus, selection and scroll stay.

const FLASH = [{ background: "var(--accent-bg)" }, { background: "transparent" }];
const FLASH_MS = 600;

const key = (node) => node.dataset?.key;

const still = matchMedia("(prefers-reduced-motion: reduce)");
const flashes = new WeakMap();

// Latencies and amplitudes change with every look: they would flash for ever, so only what is marked does. A class that
// goes and comes again would have the page laid out in between.
function flash(node) {
  const value = node.parentElement?.closest("[data-flash]");
  if (!value || still.matches) return;
  flashes.get(value)?.cancel();
  flashes.set(value, value.animate(FLASH, { duration: FLASH_MS, easing: "ease-out" }));
}

function setAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    // what a reader has opened stays open
    if (!fresh.hasAttribute(name) && !(name === "open" && old.tagName === "DETAILS")) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

// Rows stay in place while their values change; `reorder` moves them.
function morphRows(old, fresh) {
  const known = new Map([...old.children].map((row) => [key(row), row]));
  let last = null;
  for (const row of [...fresh.children]) {
    const found = known.get(key(row));
    if (found) morph(found, row);
    else if (last) last.after(row);
    else old.prepend(row);
    last = found ?? row;
    known.delete(key(row));
  }
  for (const gone of known.values()) gone.remove();
}

function morphChildren(old, fresh) {
  if ([...fresh.children].some(key) || [...old.children].some(key)) return morphRows(old, fresh);
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, n) => {
    if (!before[n]) old.append(node);
    else if (before[n].nodeType !== node.nodeType || before[n].nodeName !== node.nodeName) before[n].replaceWith(node);
    else morph(before[n], node);
  });
  for (const extra of before.slice(after.length)) extra.remove();
}

export function morph(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data === fresh.data) return;
    old.data = fresh.data;
    if (fresh.data.trim()) flash(old);
  } else if (old.nodeType === Node.ELEMENT_NODE && !old.isEqualNode(fresh)) {
    if (old.matches("time.age") && old.dateTime === fresh.dateTime) return;
    if (old.matches("[data-local]") || fresh.hasAttribute("data-later")) return;
    setAttributes(old, fresh);
    morphChildren(old, fresh);
  }
}

// How many rows are not where the order wants them: all but the longest run that is in order already.
export function misplaced(body, order) {
  const rank = new Map(order.map((name, n) => [name, n]));
  const ends = [];
  for (const row of body.children) {
    const n = rank.get(key(row));
    const at = ends.findIndex((end) => end >= n);
    ends[at < 0 ? ends.length : at] = n;
  }
  return body.children.length - ends.length;
}

export function reorder(body, order) {
  const known = new Map([...body.children].map((row) => [key(row), row]));
  body.append(...order.map((name) => known.get(name)).filter(Boolean));
}
