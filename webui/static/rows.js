// A page of a thousand rows in which fifty changed: the others are known by their text and not read again.
import { morph } from "./morph.js";

const ROW = /<tr data-key="([^"]+)"[^]*?<\/tr>/g;
// So many are read at a time, and work goes on for so long before the page may answer its reader: a page of a thousand
// that was parsed in one go stood still for 0.2 s.
const AT_ONCE = 10;
const SLICE_MS = 8;

// The text of each row as it was read last.
let known = new Map();

// The page with empty rows in the place of its rows, and the text of those that are not as they were.
export function withoutRows(text) {
  const found = [...text.matchAll(ROW)];
  const times = new Map();
  for (const [, key] of found) times.set(key, (times.get(key) ?? 0) + 1);
  const single = ([, key]) => times.get(key) === 1;
  const before = known;
  known = new Map(found.filter(single).map(([row, key]) => [key, before.get(key) === row ? row : null]));
  const rows = found.filter((each) => single(each) && before.get(each[1]) !== each[0]);
  const rest = text.replace(ROW, (row, key) => (times.get(key) === 1 ? `<tr data-key="${key}" data-later></tr>` : row));
  return { rest, rows: rows.map(([row, key]) => [key, row]) };
}

// Bring rows to what their text says; answers with the milliseconds that it took. Newer text that comes meanwhile wins.
export async function morphRows(main, rows) {
  const mine = known;
  const places = new Map([...main.querySelectorAll("tr[data-key]")].map((row) => [row.dataset.key, row]));
  let spent = 0;
  let began = performance.now();
  for (let first = 0; first < rows.length && mine === known; first += AT_ONCE) {
    const some = rows.slice(first, first + AT_ONCE);
    const template = document.createElement("template");
    template.innerHTML = some.map(([, row]) => row).join("");
    some.forEach(([key, row], n) => {
      const fresh = template.content.children[n];
      const place = places.get(fresh.dataset.key);
      if (place) morph(place, fresh);
      known.set(key, row);
    });
    const took = performance.now() - began;
    if (took < SLICE_MS && first + AT_ONCE < rows.length) continue;
    spent += took;
    await new Promise((resolve) => { setTimeout(resolve); });
    began = performance.now();
  }
  return spent;
}
