// The switch beside the clock: from UTC to the zone of this computer, where the server offers no other.
import { words } from "./ages.js";

export function startZone() {
  const link = document.getElementById("zone");
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (link.href || !own?.includes("/") || own.startsWith("Etc/")) return;
  const address = new URL(location.href);
  address.searchParams.set("tz", own);
  link.href = address;
  link.title = words("zone").replace("{zone}", own);
}
