// Keeps the page on this machine, so that it checks letters without a network. The office's public files are asked for first, and the ones seen last
// are used where they cannot be had: a status file says itself until when it speaks.
const KEPT = "countersign-verify-1";
const PAGE = ["./", "index.html", "page.js", "words.js", "worker.js", "verify.js", "style.css"];
const PUBLIC = ["/.well-known/countersign", "/status/1"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(PAGE)).then(() => self.skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("countersign-verify-") && name !== KEPT).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const mine = PAGE.some((name) => new URL(name, registration.scope).pathname === pathname);
  if (request.method !== "GET" || origin !== location.origin || !(mine || PUBLIC.includes(pathname))) return;
  event.respondWith(newest(request));
});

/** From the network, and kept; else what was kept. The search, which names the language alone, is left out of what is kept. */
async function newest(request) {
  const kept = await caches.open(KEPT);
  const key = new URL(request.url).pathname;
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(key, answer.clone());
    return answer;
  } catch (fault) {
    const before = await kept.match(key);
    if (before) return before;
    throw fault;
  }
}
