// SPDX-License-Identifier: Apache-2.0
//
// The page /exports, in this order: small things; how it asks the server; the form; the cards of jobs;
// performance; the wire that keeps it up to date; signing in. What comes from the server becomes text
// or the value of an attribute that runs nothing, never markup. Addresses are relative, for proxies
// that serve this below a path of theirs.

const JOBS = "api/exports/jobs";
const WORDS = { queued: "Waiting", running: "Running", completed: "Ready", failed: "Failed", cancelled: "Cancelled",
  expired: "Expired" };
const PHASES = { QUEUED: "Waiting", QUERYING: "Asking the database", WRITING: "Writing", FINISHING: "Finishing",
  STORING: "Storing" };
const SILENCE_MS = 45000; // the server says something every 15 s, if only a comment
const OPTIONS = { locale: "locale", timeZone: "time-zone", compression: "compression", header: "header",
  dialect: "dialect" }; // members of presentation that have an input
const WAIT_MS = [500, 1000, 2000, 4000, 8000, 15000];
const LOOK_MS = 60000; // after which the page asks for what no event tells, such as what another server deleted
const SPENT_MS = [1000, 2000, 7000]; // no event tells that a link was used
const LASTED_MS = 10000; // a connection that ends sooner counts as one that failed
const HIDDEN_MS = 20000; // who looks at another tab for less loses no connection
const CHARTED = 20;

// ---- small things ----

const byId = id => document.getElementById(id);
const isFinal = job => job.status !== "queued" && job.status !== "running";

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function show(node, text) {
  node.hidden = !text;
  if (node.textContent !== text) node.textContent = text;
}

// To a screen reader, when it has a moment.
const say = text => { byId("live").textContent = text; };

function notify(text) {
  show(byId("notice-text"), text);
  byId("notice").hidden = false;
  say(text);
}

const count = n => new Intl.NumberFormat().format(n);
const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
const clockTime = ms => new Date(ms).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

function bytes(n) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return new Intl.NumberFormat([], { style: "unit", unit: units[power], unitDisplay: power ? "short" : "long",
    maximumFractionDigits: power ? 1 : 0 }).format(n / 1000 ** power);
}

function span(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 60) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

const minutes = ms => {
  const s = Math.ceil(Math.max(0, ms) / 1000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
};

function randomId() { // crypto.randomUUID is for secure contexts only
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
}

// Header fields carry bytes: UTF-8, as the server reads them.
const asField = text => String.fromCharCode(...new TextEncoder().encode(text));

// Ends after so long, or when somebody calls `pause.wake`.
function pause(ms) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    pause.wake = () => { clearTimeout(timer); resolve(); };
  });
}

// ---- asking the server ----

class Refusal extends Error {
  constructor(status, error) {
    super(error.message || `the server answered with ${status}`);
    Object.assign(this, { status, code: error.code, field: error.field });
  }
}
class Away extends Error {}

const session = { name: "", token: "" };
const server = { auth: null, mode: "", types: [], skewMs: 0 };
const now = () => Date.now() + server.skewMs; // as the server's clock has it

async function send(path, { method = "GET", body, fields = {}, signal } = {}) {
  const headers = { Accept: "application/json", ...fields };
  if (session.token) headers.Authorization = asField(`Bearer ${session.token}`);
  else if (session.name) headers["X-Exportq-User"] = asField(session.name);
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal, cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Away("There is no answer.");
  }
  const skewMs = Date.parse(response.headers.get("Date")) - Date.now();
  if (Number.isFinite(skewMs)) server.skewMs = Math.abs(skewMs) > 2000 ? skewMs : 0; // Date has whole seconds
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  if (!answer?.error) throw new Away(`A proxy answers with ${response.status}.`);
  if (response.status === 401) leave(answer.error.message);
  throw new Refusal(response.status, answer.error);
}

async function ask(path, options) {
  const response = await send(path, options);
  try {
    return await response.json();
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new Away("The answer broke off.");
  }
}

const jobPath = (id, verb = "") => `${JOBS}/${encodeURIComponent(id)}${verb}`;

// ---- the form: inputs ----

let controls = new Map(); // name of a filter → {node, read() → text, list or "", write(list)}
let asked = null; // what was sent and not answered: {text, id}
const typeOf = name => server.types.find(type => type.name === name);

function single(input) {
  return { input, node: input, read: () => input.value.trim(), write: values => { input.value = values[0] ?? ""; } };
}

function choice(id, choices) { // [value, text]
  return single(element("select", { id }, ...choices.map(([value, text]) => new Option(text, value))));
}

// A day, and perhaps a time of this place. On the wire a bare date, or RFC 3339 in UTC.
function timestamp(id, description) {
  const day = element("input", { id, type: "date" });
  const time = element("input", { type: "time", step: 1, ariaLabel: `Time of day: ${description}` });
  time.addEventListener("input", () => { day.required = time.value !== ""; });
  const local = ms => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString();
  return { input: day, node: element("div", { className: "halves" }, day, time),
    hint: `With a time: yours, ${Intl.DateTimeFormat().resolvedOptions().timeZone}. Without: the whole day, in UTC`,
    read: () => (day.value && time.value ? new Date(`${day.value}T${time.value}`).toISOString() : day.value),
    write: ([text = ""]) => {
      const exact = text.length > 10 && Number.isFinite(Date.parse(text)) ? local(Date.parse(text)) : text;
      day.value = exact.slice(0, 10);
      time.value = exact.slice(11, 19);
    } };
}

function list(id, description) {
  const values = [];
  const input = element("input", { id, enterKeyHint: "done" });
  const chips = element("ul", { className: "chips", ariaLabel: `Chosen: ${description}` });
  const draw = () => chips.replaceChildren(...values.map((value, i) => {
    const remove = element("button", { type: "button", className: "quiet", ariaLabel: `Remove ${value}` }, "×");
    remove.addEventListener("click", () => { values.splice(i, 1); draw(); input.focus(); say(`Removed ${value}`); });
    return element("li", {}, element("span", {}, value), remove);
  }));
  const add = text => {
    for (const value of text.split("\n").map(line => line.trim()))
      if (value && !values.includes(value)) values.push(value);
    input.value = "";
    draw();
  };
  input.addEventListener("keydown", event => {
    if (event.key !== "Enter" || !input.value.trim() || event.isComposing) return;
    event.preventDefault();
    say(`Added ${input.value.trim()}`);
    add(input.value);
  });
  input.addEventListener("paste", event => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (text.trim().includes("\n")) { event.preventDefault(); add(text); }
  });
  const button = element("button", { type: "button", ariaLabel: `Add to: ${description}` }, "Add");
  button.addEventListener("click", () => { add(input.value); input.focus(); });
  return { input, hint: "Several: each with Enter",
    node: element("div", {}, element("div", { className: "adder" }, input, button), chips),
    read: () => { add(input.value); return [...values]; },
    write: texts => { values.splice(0, values.length, ...texts); draw(); } };
}

function control(filter, id) {
  const any = ["", "Any"];
  if (filter.isList) return list(id, filter.description || filter.name);
  if (filter.choices?.length) return choice(id, [any, ...filter.choices.map(text => [text, text])]);
  switch (filter.type) {
  case "boolean": return choice(id, [any, ["true", "Yes"], ["false", "No"]]);
  case "timestamp": return timestamp(id, filter.description || filter.name);
  case "date": return single(element("input", { id, type: "date" }));
  case "integer": return single(element("input", { id, type: "number", step: 1, inputMode: "numeric" }));
  case "number": return single(element("input", { id, type: "number", step: "any", inputMode: "decimal" }));
  default: return single(element("input", { id }));
  }
}

function drawFilters(type) {
  controls = new Map();
  byId("filter-fields").replaceChildren(...type.filters.map((filter, i) => {
    const id = `filter-${i}`;
    const made = control(filter, id);
    controls.set(filter.name, made);
    made.input.setAttribute("aria-describedby", `${id}-hint ${id}-problem`);
    return element("div", { className: "field" },
      element("label", { htmlFor: id }, filter.description || filter.name), made.node,
      element("p", { className: "hint", id: `${id}-hint`, hidden: !made.hint }, made.hint ?? ""),
      element("p", { className: "problem", id: `${id}-problem`, hidden: true }));
  }));
  byId("filters").hidden = type.filters.length === 0;
}

// ---- the form: columns, chosen and in order ----

const columnRows = () => [...byId("columns").children];
const chosenColumns = () => columnRows().filter(row => row.querySelector("input").checked).map(row => row.dataset.name);
const usualColumns = type => type.columns.filter(column => column.isDefault).map(column => column.name);

function drawColumns(type, chosen) {
  const place = column => (chosen.includes(column.name) ? chosen.indexOf(column.name) : chosen.length);
  const ordered = [...type.columns].sort((a, b) => place(a) - place(b)); // sorts keep the order of equals
  byId("columns").replaceChildren(...ordered.map(column => {
    const row = byId("column-template").content.cloneNode(true).firstElementChild;
    const title = column.title || column.name;
    row.dataset.name = column.name;
    row.querySelector("input").checked = chosen.includes(column.name);
    row.querySelector("span").textContent = title === column.name ? title : `${title} (${column.name})`;
    for (const button of row.querySelectorAll("button"))
      button.ariaLabel = `Move ${title} ${button.dataset.step < 0 ? "up" : "down"}`;
    return row;
  }));
  countColumns();
}

function countColumns() {
  byId("columns-count").textContent = `${chosenColumns().length} of ${columnRows().length}`;
}

function moveColumn(button) {
  const row = button.closest("li");
  const other = button.dataset.step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (button.dataset.step < 0) other.before(row); else other.after(row);
  button.focus();
  say(`Place ${columnRows().indexOf(row) + 1} of ${columnRows().length}`);
}

// ---- the form: as a whole ----

function drawType() {
  const type = typeOf(byId("type").value);
  if (!type) return;
  const format = byId("format").value;
  byId("format").replaceChildren(...type.formats.map(name => new Option(name, name)));
  if (type.formats.includes(format)) byId("format").value = format;
  drawFilters(type);
  drawColumns(type, usualColumns(type));
  clearProblems();
}

function drawTypes(types) {
  if (JSON.stringify(types) === JSON.stringify(server.types)) return;
  const before = JSON.stringify(typeOf(byId("type").value));
  const name = byId("type").value;
  server.types = types;
  byId("type").replaceChildren(...types.map(type => new Option(type.title || type.name, type.name)));
  if (typeOf(name)) byId("type").value = name;
  if (JSON.stringify(typeOf(name)) !== before || !before) drawType(); // else what was typed stays
  for (const entry of jobs.values()) draw(entry);
}

function readOrder() {
  const type = typeOf(byId("type").value);
  const params = {};
  for (const [name, each] of controls) {
    const value = each.read();
    if (value.length) params[name] = value;
  }
  const columns = chosenColumns();
  if (columns.join("\n") !== usualColumns(type).join("\n")) params.selectedColumns = columns;
  if (byId("limit").value) params.limit = byId("limit").value;
  const presentation = {};
  for (const [member, id] of Object.entries(OPTIONS))
    if (byId(id).value.trim()) presentation[member] = byId(id).value.trim();
  return { type: type.name, format: byId("format").value, params, presentation };
}

// What an export was asked for with, and nothing else, on the form again.
function writeOrder({ type: name, format, params, presentation, webhookUrl }) {
  const type = typeOf(name);
  if (!type) return notify("This server no longer has that type of export.");
  byId("type").value = name;
  drawType();
  byId("format").value = format;
  for (const [filter, each] of controls) each.write([params?.[filter] ?? []].flat());
  byId("limit").value = params?.limit ?? "";
  if (params?.selectedColumns) drawColumns(type, [params.selectedColumns].flat());
  for (const [member, id] of Object.entries(OPTIONS)) byId(id).value = presentation?.[member] ?? "";
  byId("request-id").value = "";
  if (params?.limit || Object.keys(presentation ?? {}).length) byId("options-box").open = true;
  byId("type").focus();
  const left = [...Object.keys(presentation ?? {}).filter(member => !OPTIONS[member]), ...(webhookUrl ? ["webhook"] : [])];
  if (left.length) notify(`The form has what that export was asked for with, but no input for: ${left.join(", ")}.`);
  else say("The form has what that export was asked for with.");
}

function clearProblems() {
  byId("done").hidden = true;
  for (const node of byId("new").querySelectorAll(".problem")) show(node, "");
  for (const node of byId("new").querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
}

// The id of the input that the server's name of a field means: "params.tags[1]", "presentation.locale".
function inputOf(field) {
  const [, group, name] = /^(?:(\w+)\.)?([^[]*)/.exec(field);
  if (group === "params" && controls.has(name)) return controls.get(name).input.id;
  return { selectedColumns: "columns", timeZone: "time-zone", "X-Request-Id": "request-id" }[name] ?? name;
}

function showProblem(error) {
  const id = error.field ? inputOf(error.field) : "new";
  const problem = byId(`${id}-problem`) ?? byId("new-problem");
  show(problem, error.message.replace(/^filter \S+: /, "").replace(/ \(EXPORT_\w+\)/, "")); // the input has a label; settings are the operator's
  problem.dataset.code = error.code ?? "";
  if (problem === byId("new-problem")) return;
  const box = problem.closest("details");
  if (box) box.open = true;
  byId(id).setAttribute("aria-invalid", "true");
  (id === "columns" ? byId("columns").querySelector("input") : byId(id))?.focus();
  say(error.message);
}

async function create(event) {
  event.preventDefault();
  clearProblems();
  const order = readOrder();
  if (order.params.selectedColumns?.length === 0)
    return showProblem({ field: "params.selectedColumns", message: "Choose one column at least." });
  const text = JSON.stringify(order);
  const since = heard;
  const reference = byId("request-id").value.trim();
  if (asked?.text !== text) asked = { text, id: randomId() }; // asked for again after a broken wire: the same one
  byId("create").disabled = true;
  try {
    const { data } = await ask(JOBS, { method: "POST", body: text, fields: { "X-Request-Id": asField(reference || asked.id) } });
    asked = null;
    byId("request-id").value = "";
    take(data, since);
    show(byId("done-text"), `Asked for: ${titleOf(data)}.`);
    byId("done").hidden = false;
    say(`Asked for: ${titleOf(data)}. It is in the list.`);
  } catch (error) {
    if (error instanceof Refusal) asked = null;
    showProblem(error instanceof Away ? { message: `${error.message} Nothing is lost: press Export again.` } : error);
  } finally {
    byId("create").disabled = false;
  }
}

// ---- the cards of jobs ----

const jobs = new Map(); // id → {job, node, parts, heard, token, trouble}
const gone = new Set(); // ids of those that were deleted: of them nothing is taken any more
let heard = 0; // counts what the server told

const titleOf = job => typeOf(job.type)?.title || job.type;
const isSpent = job => job.status === "completed" && job.tokenConsumed;
const wordOf = job => (isSpent(job) ? "Downloaded" : WORDS[job.status] ?? job.status);

// `since`: what was heard when it was asked for; of two words about a job the later one holds.
function take(job, since = heard) {
  if (gone.has(job.id)) return;
  const entry = jobs.get(job.id) ?? addCard(job);
  if (entry.heard > since) return;
  const before = entry.job;
  Object.assign(entry, { job, heard: ++heard });
  if (isFinal(job) && byId("new-problem").dataset.code === "RATE_LIMIT") show(byId("new-problem"), ""); // there is room again
  draw(entry);
  byId("none").hidden = true;
  if (before && isFinal(job) && before.status !== job.status) {
    say(`${titleOf(job)}: ${wordOf(job)}`);
    drawPerformance();
  }
}

function addCard(job) {
  const node = byId("job-template").content.cloneNode(true).firstElementChild;
  const parts = Object.fromEntries([...node.querySelectorAll("[data-part]")].map(part => [part.dataset.part, part]));
  const entry = { job: null, node, parts, heard: -1, token: null, trouble: "" };
  node.dataset.id = job.id;
  node.addEventListener("click", event => {
    const act = event.target.closest("[data-act]");
    if (act) perform(entry, act);
  });
  const next = [...jobs.values()].filter(other => other.job.createdAt < job.createdAt)
    .sort((a, b) => b.job.createdAt - a.job.createdAt)[0];
  byId("jobs").insertBefore(node, next?.node ?? null);
  jobs.set(job.id, entry);
  return entry;
}

function dropCard(entry) {
  if (!jobs.has(entry.job.id)) return;
  const hadFocus = entry.node.contains(document.activeElement) || document.activeElement === document.body;
  const neighbour = entry.node.nextElementSibling ?? entry.node.previousElementSibling ?? byId("list-title");
  entry.node.remove();
  jobs.delete(entry.job.id);
  byId("none").hidden = jobs.size > 0;
  drawPerformance();
  if (hadFocus) neighbour.focus();
}

function draw(entry) {
  const { job, node, parts } = entry;
  const title = titleOf(job);
  node.dataset.status = isSpent(job) ? "downloaded" : job.status;
  node.ariaLabel = `${title}, ${wordOf(job)}`;
  show(parts.title, title);
  show(parts.format, [job.format, job.presentation?.compression].filter(Boolean).join(", "));
  show(parts.state, wordOf(job));
  drawButtons(entry, title);
  drawProgress(entry, title);
  show(parts.asked, askedOf(job));
  show(parts.warnings, warningsOf(job));
  const details = { File: job.filename, Asked: paramsOf(job.params), Options: paramsOf(job.presentation),
    Webhook: job.webhookUrl && new URL(job.webhookUrl).host, "Request id": job.requestId, Attempt: job.attempt > 1 &&
    `${job.attempt} of ${job.maxAttempts}`, "SHA-256": job.sha256, Id: job.id };
  parts.details.replaceChildren(...Object.entries(details).filter(([, text]) => text)
    .flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
  tick(entry);
}

function paramsOf(params) {
  return Object.entries(params ?? {}).map(([name, value]) => `${name}: ${[value].flat().join(", ")}`).join("; ");
}

// The same for people: what tells an export from others of its type.
function askedOf({ type, params }) {
  const label = name => typeOf(type)?.filters.find(filter => filter.name === name)?.description.split(";")[0] ||
    { limit: "At most so many rows", selectedColumns: "Columns" }[name] || name;
  return Object.entries(params ?? {}).map(([name, value]) => `${label(name)}: ${[value].flat().join(", ")}`).join(" · ");
}

function warningsOf(job) {
  const texts = { cellsGuarded: n => `${plural(n, "cell was", "cells were")} kept from being a formula`,
    nonFinite: n => `${plural(n, "number was", "numbers were")} not finite and left out`,
    textReplaced: n => `in ${plural(n, "text", "texts")} what the format cannot hold was replaced`,
    keptAsText: n => `${plural(n, "value was", "values were")} kept as text`,
    sheets: n => n > 1 && `the rows are on ${n} sheets` };
  if (Array.isArray(job.warnings)) return job.warnings.map(each => each.message ?? String(each)).join("; ");
  const said = Object.entries(job.warnings ?? {}).map(([name, n]) => n > 0 && texts[name]?.(n)).filter(Boolean);
  return said.length ? `Note: ${said.join("; ")}.` : "";
}

function drawButtons({ job, node }, title) {
  const wanted = { download: job.status === "completed" && !job.tokenConsumed, cancel: !isFinal(job),
    retry: job.status === "failed" || job.status === "cancelled", again: isFinal(job), remove: isFinal(job) };
  const [again, retry] = ["again", "retry"].map(act => node.querySelector(`[data-act=${act}]`));
  const isVain = job.status === "failed" && !job.error?.retryable;
  retry.classList.toggle("quiet", isVain);
  if (isVain && retry.nextElementSibling === again) again.after(retry); // else it is where it should be
  if (!isVain && again.nextElementSibling === retry) again.before(retry);
  for (const button of node.querySelectorAll("[data-act]")) {
    const gone = !wanted[button.dataset.act];
    if (gone && button === document.activeElement) node.focus();
    button.hidden = gone;
    button.ariaLabel = `${button.textContent}: ${title}, ${clockTime(job.createdAt)}`;
  }
}

function drawProgress({ job, parts: { bar, phase } }, title) {
  const { phase: at, rowsDone = 0, rowsTotal, rowsTotalKind, bytesWritten } = job.progress ?? {};
  bar.hidden = phase.hidden = job.status !== "running";
  if (bar.hidden) return;
  bar.ariaLabel = `Progress of ${title}`;
  if (rowsTotal > 0) {
    bar.max = rowsTotal;
    bar.value = Math.min(rowsDone, rowsTotal * 0.99); // the file is not there yet
  } else {
    bar.removeAttribute("value");
  }
  const of = rowsTotal > 0 ? ` of ${rowsTotalKind === "EXACT" ? "" : "about "}${count(rowsTotal)}` : "";
  show(phase, `${PHASES[at] ?? at ?? ""}: ${count(rowsDone)}${of} rows${bytesWritten ? `, ${bytes(bytesWritten)}` : ""}`);
}

function linkOf(job, token) {
  if (job.tokenConsumed) return "The file was downloaded, as often as it may be. Use again fills the form with it; then press Export.";
  if (!token) return "";
  const left = token.expiresAt - now();
  return left > 0 ? `The download has begun. Its link works once, for ${minutes(left)} more.`
    : "The link has expired. Download gives a new one.";
}

// What changes by time alone: called each second, too.
function tick(entry) {
  const { job, parts, token } = entry;
  const ran = job.startedAt && (job.completedAt ?? now()) - job.startedAt;
  show(parts.facts, [clockTime(job.createdAt), job.rows != null && plural(job.rows, "row", "rows"),
    job.size != null && bytes(job.size), ran && `${isFinal(job) ? "took" : "for"} ${span(ran)}`,
    job.status === "completed" && job.expiresAt && `kept for ${span(job.expiresAt - now())}`].filter(Boolean).join(" · "));
  show(parts.link, job.status === "completed" ? linkOf(job, token) : "");
  const wait = job.status === "queued" && job.nextAttemptAt ? job.nextAttemptAt - now() : 0;
  const again = wait > 0 && job.attempt > 0 ? ` Attempt ${job.attempt + 1} of ${job.maxAttempts} begins in ${span(wait)}.` : "";
  const sentence = text => `${/[.!?]$/.test(job.error.message) ? "" : "."} ${text}`;
  const why = job.error && job.status !== "completed" ? job.error.message + again +
    (job.status !== "failed" ? "" : job.error.retryable ? sentence("Retry may help.")
      : sentence("Retry helps only once the type's SQL or the data has changed.")) : "";
  show(parts.trouble, [why, entry.trouble].filter(Boolean).join("\n"));
}

async function download(entry) {
  const { data } = await ask(jobPath(entry.job.id, "/token"), { method: "POST" });
  entry.token = { expiresAt: data.tokenExpiresAt };
  const link = element("a", { href: `${jobPath(entry.job.id, "/download")}?token=${encodeURIComponent(data.downloadToken)}`,
    download: "" });
  link.click();
  say(`The download of ${titleOf(entry.job)} has begun.`);
  lookAgain(entry);
}

async function lookAgain(entry) {
  for (const wait of SPENT_MS) {
    await new Promise(resolve => { setTimeout(resolve, wait); });
    if (jobs.get(entry.job.id) !== entry || entry.job.tokenConsumed) return;
    const since = heard;
    await ask(jobPath(entry.job.id)).then(({ data }) => jobs.get(data.id) === entry && take(data, since), () => {}); // the wire tells of what fails
  }
}

// The answer is old news if an event came meanwhile.
async function move(entry, verb) {
  const since = heard;
  take((await ask(jobPath(entry.job.id, verb), { method: "POST" })).data, since);
}

async function remove(entry) {
  if (!await confirmed(`${titleOf(entry.job)} of ${clockTime(entry.job.createdAt)} and its file will be gone.`)) return;
  entry.isLeaving = true;
  await ask(jobPath(entry.job.id), { method: "DELETE" }).finally(() => { entry.isLeaving = false; });
  gone.add(entry.job.id); // what was only not there for a moment may come back; this may not
  dropCard(entry);
  say("Deleted.");
}

function confirmed(text) {
  const dialog = byId("confirm");
  show(byId("confirm-text"), text);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(resolve => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

const acts = {
  download, remove,
  again: entry => writeOrder(entry.job),
  cancel: entry => move(entry, "/cancel"),
  retry: entry => move(entry, "/retry"),
};

async function perform(entry, button) {
  if (button.ariaDisabled === "true") return; // not `disabled`: that would lose the focus
  button.ariaDisabled = "true";
  entry.trouble = "";
  try {
    await acts[button.dataset.act](entry);
  } catch (error) {
    if (error.status === 404) {
      dropCard(entry);
      notify("That export is no longer there.");
    } else if (error.code === "USED") {
      Object.assign(entry, { job: { ...entry.job, tokenConsumed: true }, token: null });
      draw(entry);
      say(linkOf(entry.job));
    } else {
      entry.trouble = error.message;
      say(entry.trouble);
    }
  } finally {
    button.ariaDisabled = "false";
    tick(entry);
  }
}

// ---- performance ----

function bars(caption, values, worded) {
  const NS = "http://www.w3.org/2000/svg";
  const node = (tag, attributes) => {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const most = Math.max(...values, 1e-9);
  const svg = node("svg", { viewBox: `0 0 ${CHARTED * 10} 60`, preserveAspectRatio: "none", role: "img",
    "aria-label": `${caption}, oldest first: ${values.map(worded).join(", ")}` });
  values.forEach((value, i) => {
    const height = Math.max(1, value / most * 58);
    const bar = node("rect", { x: i * 10 + 1, y: 59 - height, width: 8, height });
    const tip = node("title", {});
    tip.textContent = worded(value);
    bar.append(tip);
    svg.append(bar);
  });
  svg.append(node("line", { x1: 0, y1: 59.5, x2: CHARTED * 10, y2: 59.5 }));
  return element("figure", {}, element("figcaption", {}, `${caption}, at most ${worded(most)}`), svg);
}

const median = values => [...values].sort((a, b) => a - b)[values.length >> 1];

function drawPerformance() {
  const done = [...jobs.values()].map(entry => entry.job)
    .filter(job => job.rows != null && job.startedAt && job.completedAt)
    .sort((a, b) => a.completedAt - b.completedAt).slice(-CHARTED)
    .map(job => ({ job, ms: Math.max(1, job.completedAt - job.startedAt) }))
    .map(each => ({ ...each, speed: each.job.rows / each.ms * 1000 }));
  byId("speed").hidden = done.length === 0;
  if (!done.length) return;
  const speed = n => `${count(Math.round(n))} rows/s`;
  show(byId("speed-text"), `${plural(done.length, "export", "exports")}; typically ${span(median(done.map(d => d.ms)))}, ` +
    speed(median(done.map(d => d.speed))));
  byId("charts").replaceChildren(bars("Time taken", done.map(d => d.ms), span), bars("Speed", done.map(d => d.speed), speed));
  byId("speed-rows").replaceChildren(...done.reverse().map(({ job, ms, speed: s }) => element("tr", {},
    ...[`${titleOf(job)} (${job.format})`, clockTime(job.completedAt), count(job.rows), span(ms), count(Math.round(s))]
      .map(text => element("td", {}, text)))));
}

// ---- the wire ----

const wire = { stop: null, lastEvent: "", failures: 0, triesAt: 0, older: null };

// Perhaps by this page, whose answer is still on its way.
function takeGone({ id }) {
  const entry = jobs.get(id);
  gone.add(id);
  if (!entry) return;
  dropCard(entry);
  if (!entry.isLeaving) notify(`${titleOf(entry.job)} was deleted elsewhere.`);
}

// The server's own list of jobs; those it no longer has go.
async function catchUp(signal) {
  const since = heard;
  const [page, types, health] = await Promise.all([ask(JOBS, { signal }), ask("api/exports/types", { signal }),
    ask("api/health", { signal })]);
  takeHealth(health.data);
  drawTypes(types.data);
  const { list, next } = readPage(page);
  for (const job of list) take(job, since);
  const there = new Set(list.map(job => job.id));
  const oldest = next ? Math.min(...list.map(job => job.createdAt)) : -Infinity;
  const missing = [...jobs.values()].filter(e => !there.has(e.job.id) && e.heard <= since && e.job.createdAt > oldest);
  missing.forEach(dropCard);
  const early = missing.filter(({ job }) => !(job.expiresAt && job.expiresAt < now())).length; // the others were kept as long as they are
  if (early) notify(`${plural(early, "export is", "exports are")} no longer there.` +
    (server.mode === "memory" ? " This server keeps exports in memory: a restart ends them." : ""));
  wire.older = next ? wire.older ?? next : "";
  byId("older").hidden = !wire.older;
  byId("none").hidden = jobs.size > 0;
  drawPerformance();
}

function readPage(page) {
  const list = Array.isArray(page.data) ? page.data : page.data.jobs;
  return { list, next: page.nextPageToken || page.data.nextPageToken || "" };
}

async function showOlder() {
  try {
    const { list, next } = readPage(await ask(`${JOBS}?pageToken=${encodeURIComponent(wire.older)}`));
    list.forEach(job => take(job));
    wire.older = next;
    byId("older").hidden = !next;
    (jobs.get(list[0]?.id)?.node ?? byId("list-title")).focus();
    drawPerformance();
  } catch (error) {
    notify(error.message);
  }
}

function takeEvent(text) {
  const fields = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = name === "data" && fields.data ? `${fields.data}\n${value}` : value;
  }
  if (fields.id) wire.lastEvent = fields.id;
  if (fields.event === "job") take(JSON.parse(fields.data));
  if (fields.event === "gone") takeGone(JSON.parse(fields.data));
  if (fields.event === "error") throw new Away(JSON.parse(fields.data).message);
}

// Server-sent events, read by hand: EventSource sends no header fields.
async function listen(response, stop) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const watchdog = setTimeout(() => stop.abort(new Away("It fell silent.")), SILENCE_MS);
    const { value, done } = await reader.read().finally(() => clearTimeout(watchdog));
    if (done) throw new Away("It ended the connection.");
    const events = (rest + value).replace(/\r\n?/g, "\n").split("\n\n");
    rest = events.pop();
    events.forEach(takeEvent);
  }
}

async function connect(stop) {
  const fields = { Accept: "text/event-stream" };
  if (wire.lastEvent) fields["Last-Event-ID"] = asField(wire.lastEvent);
  const response = await send("api/exports/events", { fields, signal: stop.signal });
  const listening = listen(response, stop);
  listening.catch(() => {}); // it is awaited below, perhaps late
  await catchUp(stop.signal);
  if (!byId("away").hidden) say("The server is back; this page is up to date.");
  byId("away").hidden = true;
  const looking = setInterval(() => catchUp(stop.signal).catch(() => {}), LOOK_MS); // the wire tells of what fails
  await listening.finally(() => clearInterval(looking));
}

// Stays in touch until the session ends. A page that nobody sees holds no connection: browsers have six
// for a server, which tabs share.
async function follow() {
  const mine = (wire.session = {});
  while (wire.session === mine) {
    if (document.hidden) {
      await pause(60000);
      continue;
    }
    const stop = (wire.stop = new AbortController());
    const begin = Date.now();
    let why;
    try {
      await connect(stop);
    } catch (error) {
      why = stop.signal.aborted ? stop.signal.reason : error;
    }
    stop.abort();
    if (wire.session !== mine || document.hidden) continue;
    if (Date.now() - begin > LASTED_MS) wire.failures = 0;
    const wait = WAIT_MS[Math.min(wire.failures++, WAIT_MS.length - 1)] * (0.75 + Math.random() / 2);
    if (wire.failures > 1) showAway(why, wait);
    await pause(wait);
  }
}

function showAway(why, wait) {
  wire.triesAt = Date.now() + wait;
  show(byId("away-title"), why instanceof Refusal ? "The server does not serve exports now" : "The server cannot be reached");
  const isOurs = !(why instanceof Away) && !(why instanceof Refusal);
  show(byId("away-reason"), isOurs ? `Something is wrong with this page: ${why?.message}.` : why.message);
  if (byId("away").hidden) say(byId("away-title").textContent);
  byId("away").hidden = false;
  tickAll();
}

function tickAll() {
  show(byId("away-when"), `Trying again in ${Math.max(0, Math.ceil((wire.triesAt - Date.now()) / 1000))} s.`);
  for (const entry of jobs.values()) if (!isFinal(entry.job) || entry.job.status === "completed") tick(entry);
}

function takeHealth(health) {
  server.auth = [health.auth ?? "none"].flat();
  server.mode = health.mode;
  const place = health.mode === "memory" ? "memory" : "a database";
  show(byId("health"), `exportqd ${health.version ?? ""} · ${health.status} · keeps exports in ${place} · ` +
    `up since ${clockTime(now() - health.uptime * 1000)}`);
}

// ---- signing in and out ----

const isOpen = () => server.auth.includes("none");

function askWho(problem = "") {
  byId("secret").type = isOpen() ? "text" : "password";
  byId("secret").autocomplete = isOpen() ? "username" : "off";
  show(byId("secret-label"), isOpen() ? "Your name" : "Your token");
  show(byId("secret-hint"), isOpen() ? "This server takes your word for it; your exports are kept under this name. The command line is “local”, unless told otherwise."
    : "An API key, or a token of your identity provider. It is forgotten when you close this tab.");
  show(byId("secret-problem"), problem);
  byId("enter").hidden = false;
  byId("secret").value = isOpen() ? "local" : "";
  byId("secret").focus();
  byId("secret").select();
}

function leave(problem) {
  sessionStorage.removeItem("exportq");
  Object.assign(session, { name: "", token: "" });
  Object.assign(wire, { session: null, lastEvent: "", older: null, failures: 0 });
  wire.stop?.abort();
  for (const entry of jobs.values()) entry.node.remove();
  jobs.clear();
  asked = null;
  for (const id of ["who", "away", "notice", "speed", "desk"]) byId(id).hidden = true;
  // perhaps it wants something else by now
  ask("api/health").then(({ data }) => takeHealth(data)).catch(() => {}).finally(() => askWho(problem));
}

function enter() {
  byId("enter").hidden = true;
  byId("desk").hidden = byId("who").hidden = false;
  show(byId("owner"), session.name || "With a token");
  follow();
}

byId("enter-form").addEventListener("submit", event => {
  event.preventDefault();
  const secret = byId("secret").value.trim().replace(/^Bearer\s+/i, "");
  byId("secret").value = "";
  if (!secret) return;
  session[isOpen() ? "name" : "token"] = secret;
  sessionStorage.setItem("exportq", JSON.stringify(session));
  enter();
  byId("type").focus();
});
byId("sign-out").addEventListener("click", () => leave(""));
byId("new").addEventListener("submit", create);
byId("type").addEventListener("change", drawType);
byId("columns").addEventListener("change", countColumns);
byId("columns").addEventListener("click", event => {
  const button = event.target.closest("[data-step]");
  if (button) moveColumn(button);
});
for (const [id, chosen] of [["columns-usual", usualColumns], ["columns-all", type => type.columns.map(c => c.name)],
  ["columns-none", () => []]])
  byId(id).addEventListener("click", () => { const type = typeOf(byId("type").value); drawColumns(type, chosen(type)); });
byId("older").addEventListener("click", showOlder);
byId("confirm-yes").addEventListener("click", () => byId("confirm").close("yes"));
byId("confirm-no").addEventListener("click", () => byId("confirm").close("no"));
byId("notice-close").addEventListener("click", () => { byId("notice").hidden = true; byId("list-title").focus(); });
byId("away-now").addEventListener("click", () => { wire.failures = 1; pause.wake?.(); });
window.addEventListener("online", () => pause.wake?.());
document.addEventListener("visibilitychange", () => {
  clearTimeout(wire.hiding);
  if (document.hidden) wire.hiding = setTimeout(() => wire.stop?.abort(), HIDDEN_MS);
  else pause.wake?.();
});
byId("zones").append(...(Intl.supportedValuesOf?.("timeZone") ?? []).map(zone => new Option(zone)));
setInterval(tickAll, 1000);

// The server says how it wants to know who is there.
for (let wait = 1000; !server.auth; wait = Math.min(wait * 2, 15000)) {
  try {
    takeHealth((await ask("api/health")).data);
    byId("away").hidden = true;
  } catch (error) {
    showAway(error, wait);
    await pause(wait);
  }
}
Object.assign(session, JSON.parse(sessionStorage.getItem("exportq") ?? "{}"));
session[isOpen() ? "token" : "name"] = "";
if (isOpen() ? session.name : session.token) enter(); else askWho();
