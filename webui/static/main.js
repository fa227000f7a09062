// Every page works without scripts. These keep it up to date and add the keys.
import { startAges } from "./ages.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startWaveforms } from "./waveform.js";
import { startZone } from "./zone.js";

startAges();
startKeys();
startLive();
startWaveforms();
startZone();

document.documentElement.classList.add("scripted");

// A choice in a filter applies at once: no button needed.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
// Empty fields stay out of the address.
for (const form of document.querySelectorAll("form[action]")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
}
// Cookies remember language and theme; an address that is handed on should not carry them.
const address = new URL(location.href);
for (const name of ["lang", "theme", "tz"]) address.searchParams.delete(name);
if (address.href !== location.href) history.replaceState(null, "", address);
