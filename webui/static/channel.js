// One event stream for all tabs. A browser opens six connections to a host: a stream in each of seven tabs would stall it.
// The tab that holds the lock listens and tells the others; without locks (plain http), a tab listens while it is seen.

const ADDRESS = "/api/v1/stream";
const SILENCE_MS = 10000;
const RETRY_MS = 2000;
// After so many failures without one success (a proxy that holds streams back), ask at intervals instead.
const ATTEMPTS_BEFORE_POLLING = 3;
const POLLING_MS = 60000;

function stream(tell) {
  let source = null;
  let attempt = 0;
  let timer = 0;
  let everOpen = false;

  const later = (what, ms) => {
    clearTimeout(timer);
    timer = setTimeout(what, ms);
  };
  const alive = (changed, version) => {
    everOpen = true;
    attempt = 0;
    later(fail, SILENCE_MS);
    tell({ state: "open", attempt, changed, version });
  };
  function fail() {
    source?.close();
    attempt += 1;
    const poll = !everOpen && attempt >= ATTEMPTS_BEFORE_POLLING;
    tell({ state: poll ? "polling" : "closed", attempt: poll ? 0 : attempt, changed: poll });
    later(open, poll ? POLLING_MS : RETRY_MS);
  }
  function open() {
    source = new EventSource(ADDRESS);
    source.addEventListener("change", (event) => alive(true, Number(event.lastEventId)));
    source.addEventListener("beat", () => alive(false));
    source.addEventListener("error", fail);
    later(fail, SILENCE_MS);
  }
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

function shared(receive) {
  const channel = new BroadcastChannel("houfeng");
  let last = null;
  channel.onmessage = ({ data }) => {
    if (data === "hello") {
      if (last) channel.postMessage({ ...last, changed: false });
    } else receive(data);
  };
  channel.postMessage("hello");
  navigator.locks.request("houfeng-stream", () => {
    stream((message) => {
      last = message;
      channel.postMessage(message);
      receive(message);
    });
    return new Promise(() => {});  // held until the tab is closed
  });
}

function alone(receive) {
  let close = document.hidden ? null : stream(receive);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close?.();
      close = null;
    } else close ??= stream(receive);
  });
}

export function listen(receive) {
  if (navigator.locks && "BroadcastChannel" in window) shared(receive);
  else alone(receive);
}
