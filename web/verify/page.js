/**
 * The public page: asks for a letter, checks it on this machine by worker.js, and says the verdict. It fetches the office's trust file and status file from its
 * own address and sends nothing.
 */
import { LANGUAGES, languageOf } from "./words.js";

const TRUST_ADDRESS = "/.well-known/countersign";
const STATUS_ADDRESS = "/status/1";
const MOST_TRUST = 25_165_824;
const MOST_STATUS = 16_777_216;
const MOST_FILE = 105_194_304;
const LONGEST_CHECK = 120_000; // milliseconds
const AHEAD = 600_000; // how far a status file's time may run ahead of this machine's clock

// The shape of each verdict, so that colour alone says nothing: 64 by 64.
const SHAPES = {
  good: "M32 4a28 28 0 1 0 0 56 28 28 0 1 0 0-56M18 33l10 10 19-21",
  wait: "M32 4a28 28 0 1 0 0 56 28 28 0 1 0 0-56M32 16v17l11 8",
  hold: "M21 5h22l16 16v22L43 59H21L5 43V21zM25 22v20M39 22v20",
  gone: "M21 5h22l16 16v22L43 59H21L5 43V21zM18 32h28",
  replaced: "M21 5h22l16 16v22L43 59H21L5 43V21zM18 32h26M35 22l10 10-10 10",
  unknown: "M32 4a28 28 0 1 0 0 56 28 28 0 1 0 0-56M24 25c0-11 17-11 17-1 0 7-9 7-9 15M32 46v3",
  bad: "M8 8h48v48H8zM20 20l24 24M44 20L20 44",
  exercise: "M32 5l29 52H3zM32 24v16M32 46v3",
};
/** Colour and shape of each verdict. */
const LOOKS = /** @type {Record<string, [string, keyof typeof SHAPES]>} */ ({
  "genuine-in-force": ["good", "good"],
  "genuine-not-yet": ["care", "wait"],
  "genuine-on-hold": ["care", "hold"],
  "genuine-withdrawn": ["bad", "gone"],
  "genuine-replaced": ["bad", "replaced"],
  "genuine-standing-unknown": ["care", "unknown"],
  exercise: ["play", "exercise"],
  problem: ["plain", "unknown"],
});

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
/** @typedef {{name: string, bytes: Promise<Uint8Array|null>}} Given */
const state = {
  language: languageOf(new URLSearchParams(location.search).get("lang"), navigator.languages ?? [navigator.language]),
  /** @type {File|null} */ file: null,
  /** @type {Promise<Uint8Array|null>} */ trust: fetched(TRUST_ADDRESS, MOST_TRUST),
  /** @type {Promise<Uint8Array|null>} */ status: fetched(STATUS_ADDRESS, MOST_STATUS),
  /** @type {{title: string, domain: string, words: string, exercise: boolean}|null} */ office: null,
  /** @type {any} What is shown: {verdict} or {problem, detail}; null before the first check. */ shown: null,
  learned: false, // whether it is known if there is a trust file
  turn: 0,
};

/** @param {string} key */
function word(key) {
  return LANGUAGES[state.language].page[key];
}

/**
 * A sentence with details put into it: moments as the language writes them, and what others wrote apart, in whatever direction it has.
 * @param {string} sentence @param {Record<string, any>} detail @returns {(string|Node)[]}
 */
function filled(sentence, detail) {
  return sentence.trim().split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : foreign(String(momentIn(detail[part]) ?? ""))));
}

/** @param {unknown} value */
function momentIn(value, language = state.language) {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)
    ? `${new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short", hourCycle: "h23", timeZone: "UTC" }).format(new Date(value))} UTC` : value;
}

/** A public file of the office's own address; null where there is none. @param {string} address @param {number} most */
async function fetched(address, most) {
  try {
    const answer = await fetch(address, { credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
    const bytes = answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
    return bytes && bytes.length > 0 && bytes.length <= most ? bytes : null;
  } catch {
    return null;
  }
}

/** @param {File} file @param {number} most */
async function read(file, most) {
  return file.size <= most ? new Uint8Array(await file.arrayBuffer()) : null;
}

/** One check in a worker of its own, which is ended when it takes too long. @param {{file: Uint8Array|null, trust: Uint8Array, status: Uint8Array|null, at: Date}} asked */
function checked(asked) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    const end = (/** @type {any} */ answer) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ problem: "problem-read", detail: "it took too long" }), LONGEST_CHECK);
    worker.addEventListener("message", ({ data }) => end(data));
    worker.addEventListener("error", (event) => end({ problem: "problem-read", detail: event.message ?? "" }));
    worker.postMessage(asked);
  });
}

/** Learns the office from its trust file. */
async function learnOffice() {
  const trust = await state.trust;
  state.office = trust ? (await checked({ file: null, trust, status: null, at: new Date() })).office ?? null : null;
  state.learned = true;
  if (!state.office) $("more").open = true;
  showPage();
}

/** Checks the letter that was chosen, with whatever was chosen beside it. */
async function check() {
  const turn = ++state.turn;
  const { file } = state;
  if (!file) return;
  state.shown = { checking: true };
  show();
  const answer = await answerFor(file);
  if (turn !== state.turn) return;
  state.shown = answer;
  show();
  $("word").focus();
}

/** @param {File} file */
async function answerFor(file) {
  const [trust, status] = [await state.trust, await state.status];
  if (!trust) return { problem: "problem-no-trust" };
  if (file.size > MOST_FILE) return { problem: "problem-large" };
  const bytes = await read(file, MOST_FILE).catch(() => null);
  if (!bytes) return { problem: "problem-read" };
  const asked = $("at").value ? new Date($("at").value) : new Date();
  const answer = await checked({ file: bytes, trust, status, at: asked });
  if (answer.office) state.office = answer.office;
  const { verdict } = answer;
  if (!verdict) return answer;
  // Whoever holds an office's key could date a status file into the future, where it outlives every true one.
  if (verdict.asOf && Date.parse(verdict.asOf) > Date.now() + AHEAD) return { problem: "problem-ahead" };
  // To answer in force without a status file that was to be asked would be a lie.
  if (verdict.unused) return { problem: "problem-status", detail: verdict.unused };
  return { verdict };
}

/** @param {string} name @param {Record<string, string>} attributes @param {...(string|Node)} inner */
function element(name, attributes = {}, ...inner) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inner);
  return made;
}

/** @param {string} text */
function foreign(text) {
  return element("bdi", {}, text);
}

function showPage() {
  const { dir } = LANGUAGES[state.language];
  Object.assign(document.documentElement, { lang: state.language, dir });
  document.title = word("title");
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(/** @type {HTMLElement} */ (one).dataset.word ?? "");
  const { office } = state;
  $("trust-here").replaceChildren(...(office ? filled(word("trust-here"), office) : state.learned ? [word("trust-none")] : []));
  $("trust-words").replaceChildren(...(office ? filled(word("trust-words"), office) : []));
  $("exercise").hidden = !office?.exercise;
  document.body.classList.toggle("playing", Boolean(office?.exercise));
  show();
}

function show() {
  const { shown } = state;
  $("verdict").hidden = shown === null;
  document.body.classList.toggle("answered", shown !== null);
  if (shown === null) return;
  const { verdicts } = LANGUAGES[state.language];
  const { verdict } = shown;
  const [colour, shape] = LOOKS[verdict?.verdict ?? "problem"] ?? ["bad", "bad"];
  $("verdict").className = `panel ${shown.checking ? "plain" : colour}`;
  $("verdict").setAttribute("aria-busy", String(Boolean(shown.checking)));
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[shape]);
  $("shape").replaceChildren(...(shown.checking ? [] : [path]));
  const [said, meaning] = shown.checking ? [word("checking"), ""] : verdict ? verdicts[verdict.verdict] : [word("problem"), word(shown.problem)];
  $("word").textContent = said;
  $("meaning").textContent = meaning;
  $("facts").replaceChildren(...(verdict ? facts(verdict) : []));
  const reasons = verdict ? verdict.because.map(reasonIn) : shown.detail ? [element("li", { lang: "en", dir: "ltr" }, shown.detail)] : [];
  $("reasons").replaceChildren(...reasons);
  $("why").hidden = reasons.length === 0;
  document.querySelector(".actions")?.toggleAttribute("hidden", Boolean(shown.checking));
}

/** @param {any} verdict */
function facts(verdict) {
  const rows = /** @type {[string, (string|Node)[]][]} */ ([["file", [foreign(state.file?.name ?? "")]]]);
  for (const [key, value] of [["office", verdict.office], ["reference", verdict.reference], ["kind", verdict.kind]]) if (value) rows.push([key, [foreign(value)]]);
  if (verdict.releasedAt) rows.push(["released", [String(momentIn(verdict.releasedAt))]]);
  for (const [i, { person, roles, assurance }] of verdict.approvals.entries()) {
    const inRoles = roles.map((/** @type {string} */ role) => role.replace(/ \(lent\)$/, ` (${word("lent")})`)).join(", ");
    rows.push([i === 0 ? "approved" : "", [person ? foreign(person) : word("undisclosed"), " · ", foreign(inRoles), " · ", word(assurance)]]);
  }
  rows.push(["answered-for", [String(momentIn(verdict.for))]]);
  if (verdict.asOf) rows.push(["as-of", [String(momentIn(verdict.asOf))]]);
  const made = rows.flatMap(([key, value]) => (key ? [element("dt", {}, word(key))] : []).concat(element("dd", {}, ...value)));
  if (verdict.selfMade) made.push(element("dd", { class: "note" }, word("self-made")));
  return made;
}

/** @param {any} reason */
function reasonIn(reason) {
  const sentence = LANGUAGES[state.language].reasons[reason.code];
  return sentence ? element("li", {}, ...filled(sentence, reason))
    : element("li", { lang: "en", dir: "ltr" }, reason.says.replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, (/** @type {string} */ moment) => momentIn(moment, "en")));
}

/** @param {File|undefined} file */
function take(file) {
  if (!file) return;
  state.file = file;
  void check();
}

function begin() {
  $("works").hidden = false;
  $("starting").remove();
  $("language").parentElement.hidden = false;
  $("language").replaceChildren(...Object.entries(LANGUAGES).map(([tag, { name }]) => element("option", { value: tag, lang: tag }, name)));
  $("language").value = state.language;
  $("language").addEventListener("change", () => {
    state.language = $("language").value;
    const address = new URL(location.href);
    address.searchParams.set("lang", state.language);
    history.replaceState(null, "", address);
    showPage();
  });
  $("file").addEventListener("change", () => take($("file").files[0]));
  for (const [id, most] of /** @type {["trust"|"status", number][]} */ ([["trust", MOST_TRUST], ["status", MOST_STATUS]])) {
    $(id).addEventListener("change", () => {
      const given = $(id).files[0];
      if (given) state[id] = read(given, most).catch(() => null);
      // A status file of this site is another office's than a trust file that somebody brings.
      if (id === "trust" && given && !$("status").files[0]) state.status = Promise.resolve(null);
      void (id === "trust" ? learnOffice().then(check) : check());
    });
  }
  $("at").addEventListener("change", check);
  $("again").addEventListener("click", () => {
    state.turn++;
    Object.assign(state, { file: null, shown: null });
    $("file").value = "";
    show();
    $("file").focus();
  });
  $("print").addEventListener("click", () => print());
  for (const type of ["dragenter", "dragover"]) {
    addEventListener(type, (event) => {
      event.preventDefault();
      $("drop").classList.add("over");
    });
  }
  addEventListener("dragleave", (event) => {
    if (!(/** @type {DragEvent} */ (event).relatedTarget)) $("drop").classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop").classList.remove("over");
    take(/** @type {DragEvent} */ (event).dataTransfer?.files[0]);
  });
  showPage();
  void learnOffice();
  void navigator.serviceWorker?.register("sw.js").then(() => navigator.serviceWorker.ready).then(() => {
    $("offline").hidden = false;
  }).catch(() => {});
}

begin();
