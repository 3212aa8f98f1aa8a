const KEPT = "churn-desk-key";
const EVERY = 5000;
const SURE = { leaves: ["expected to leave", "bad"], stays: ["expected to stay", "good"], not_sure: ["not sure", ""] };
const METRICS = { roc_auc: "ROC AUC", profit: "Profit a customer", churn_rate: "Churn rate", log_loss: "Log loss" };
const URGENT = { critical: "bad", warning: "warn", info: "" };
let key = sessionStorage.getItem(KEPT) ?? "";
let currency = "";
let known = null;
let metric = "roc_auc";
let budget = "";
const seen = [];

class Refused extends Error {
  constructor(status, told) {
    super(told.message ?? `the service answered ${status}`);
    this.status = status;
  }
}

async function ask(path, body) {
  const headers = { "X-API-Key": key };
  if (body) headers["Content-Type"] = "application/json";
  // The page may lie below a prefix: addresses count from where it lies.
  const answer = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), cache: "no-store" });
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return answer;
}
const askJson = async (path, body) => (await ask(path, body)).json();

// Whom to call

function callItem(row) {
  const [sure, kind] = SURE[row.certainty] ?? [row.certainty, ""];
  const groups = Object.values(row.about).filter(Boolean).join(" · ");
  return h("li", {},
    h("span", { className: "rank" }, row.rank),
    h("div", { className: "who" },
      h("button", { type: "button", onclick: () => lookUp(row.customer_id) }, row.customer_id),
      h("div", { className: "about" }, groups)),
    h("div", { className: "worth" },
      h("b", {}, money(row.expected_profit, currency, 2)), h("small", {}, `costs ${number(row.expected_spend, 2)}`)),
    h("div", { className: "risk" },
      h("meter", { min: 0, max: 1, low: 0.34, high: 0.67, optimum: 0, value: row.churn_probability, title: percent(row.churn_probability) }),
      ` ${percent(row.churn_probability)} risk `, tag(sure, kind)),
    h("div", { className: "why" }, row.reasons.length
      ? h("ul", {}, row.reasons.map((reason) => h("li", {}, reason)))
      : h("span", { className: "soft" }, "reasons are told of the first of the list")));
}

async function showCalls() {
  const found = await askJson(`desk/calls${budget}`);
  at("calls").hidden = at("customer").hidden = false;
  currency = found.currency;
  at("calls-when").textContent = found.written ? `list of ${moment(found.written)}` : "";
  at("budget").hidden = !found.written;
  if (!found.written) {
    put("calls-sum", ...words("No list yet: `kedro run --pipelines scoring` makes it."));
    return found;
  }
  put("calls-sum", h("b", {}, number(found.taken)), ` of ${number(found.listed)} calls, expected to earn `,
    h("b", { className: "good" }, money(found.expected_profit, currency)), ` and to cost ${money(found.expected_spend, currency)}`,
    found.kept_aside ? `; ${number(found.kept_aside)} more customers are kept aside by chance, to measure what calls bring: do not call them` : "", ".");
  let shown = 10;
  const draw = () => {
    put("calls-list", found.rows.slice(0, shown).map(callItem));
    at("calls-more").hidden = shown >= found.rows.length;
  };
  at("calls-more").onclick = () => { shown += 40; draw(); };
  draw();
  return found;
}

function readBudget() {
  const asked = new URLSearchParams();
  for (const [name, id] of [["calls", "budget-calls"], ["money", "budget-money"]]) {
    if (at(id).value) asked.set(name, at(id).value);
  }
  budget = asked.size ? `?${asked}` : "";
}

async function download() {
  const file = await (await ask(`desk/calls.csv${budget}`)).blob();
  const link = h("a", { href: URL.createObjectURL(file), download: "calls.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

// One customer

async function lookUp(id) {
  at("customer-id").value = id;
  put("history", h("p", { className: "soft" }, "looking …"));
  at("customer").scrollIntoView({ behavior: "smooth" });
  const told = await askJson("desk/customer", { customer_id: id });
  const parts = [];
  const aside = told.lists[0]?.arm === "control";
  if (aside) parts.push(h("p", {}, tag("kept aside", "warn"), " Of the control group: not to be called."));
  if (told.today) parts.push(h("h3", {}, "Today"), h("ol", { className: "calls" }, callItem(told.today)));
  if (told.lists.length) {
    parts.push(h("h3", {}, "Lists of calls"), folded(
      [["list"], ["of"], ["campaign"], ["what"], ["rank", 1], ["risk", 1], ["expected", 1]],
      told.lists.map((one) => [moment(one.written), one.observation_date, one.campaign, one.arm === "control" ? "kept aside" : "to call",
        one.rank ?? "–", percent(one.churn_probability), money(one.expected_profit, currency, 2)])));
  }
  parts.push(h("h3", {}, "What the service said"));
  parts.push(told.answers.length ? folded([["when"], ["risk", 1], ["decision"], ["model"], ["side"], ["request"]],
    told.answers.map((one) => [moment(one.time), percent(one.probability, 1), one.decision, one.model_version, one.variant, h("code", {}, one.request_id)]))
    : h("p", { className: "soft" }, "Nothing in the prediction log."));
  parts.push(h("h3", {}, "What became true"));
  parts.push(told.labels.length ? folded([["known since"], ["of"], ["customer"]],
    told.labels.map((one) => [moment(one.known), one.observation_date || one.request_id, one.churned ? "left" : "stayed"]))
    : h("p", { className: "soft" }, "Nobody has told yet."));
  put("history", parts);
}

// The system

const absent = (told) => (told.absent ? h("p", { className: "soft" }, words(told.absent)) : null);
const written = (told) => (told.written ? moment(told.written) : "");

function quantile(share, bounds, buckets) {
  const total = buckets[buckets.length - 1];
  if (!total) return null;
  const place = buckets.findIndex((n) => n >= share * total);
  if (place >= bounds.length) return bounds[bounds.length - 1];
  const before = place ? buckets[place - 1] : 0;
  const from = place ? bounds[place - 1] : 0;
  return from + ((bounds[place] - from) * (share * total - before)) / (buckets[place] - before || 1);
}

function added(traffic) {
  const all = Object.values(traffic.endpoints);
  const sum = (name) => all.reduce((total, one) => total + one[name], 0);
  const buckets = traffic.bounds.concat(0).map((_, i) => all.reduce((n, one) => n + one.buckets[i], 0));
  return { time: Date.now() / 1000, requests: sum("requests"), failed: sum("failed"), buckets };
}

const milliseconds = (seconds) => (seconds === null ? "–" : `${number(1000 * seconds, seconds < 0.01 ? 1 : 0)} ms`);

function showTraffic({ traffic }) {
  const now = added(traffic), before = seen[seen.length - 1];
  seen.push(now);
  if (seen.length > 200) seen.shift();
  const rows = Object.entries(traffic.endpoints).sort((a, b) => b[1].requests - a[1].requests).map(([path, one]) => [
    h("code", {}, path), number(one.requests), number(one.failed), ...[0.5, 0.95, 0.99].map((q) => milliseconds(quantile(q, traffic.bounds, one.buckets)))]);
  const numbers = traffic.numbers;
  card("traffic", "Traffic and latency", "since the start",
    rows.length ? table([["address"], ["requests", 1], ["failed", 1], ["p50", 1], ["p95", 1], ["p99", 1]], rows)
      : h("p", { className: "soft" }, "Nobody has asked for a prediction yet."),
    h("h3", {}, "Requests a second, while this page is open"), h("div", { id: "plot-traffic", className: "plot" }),
    facts([["Customers answered", Object.entries(traffic.decisions).map(([name, n]) => `${name} ${number(n)}`).join(", ")],
      ["Workers", number(numbers.churn_workers)], ["Memory", `${number(numbers.process_resident_memory_bytes / 2 ** 20)} MiB`],
      ["Not logged", number(numbers.churn_journal_dropped_total ?? 0)]]));
  const rates = seen.slice(1).map((one, i) => Math.max(0, one.requests - seen[i].requests) / (one.time - seen[i].time));
  if (rates.length < 2) put("plot-traffic", h("p", { className: "soft" }, "counting …"));
  else plot("plot-traffic", [seen.slice(1).map((one) => one.time), rates],
    [{ label: "requests a second", stroke: colour("--mark"), width: 2, fill: colour("--band"), value: (_, v) => number(v, 1) }],
    { scales: { y: { range: (_, __, top) => [0, Math.max(1, top * 1.1)] } } });
  return before ? rates[rates.length - 1] : null;
}

function showRelease({ release, rollout }) {
  const name = release.semantic_version ? `${release.semantic_version} (${release.version})` : release.version;
  const shared = rollout.challenger ? `${rollout.challenger} answers ${number(rollout.percentage, 2)} % of customers` : "all customers are the champion's";
  card("release", "Release and rollout", "",
    facts([["Champion", name], ["Family", release.family], ["Change", release.change],
      ["Learnt from", `${number(release.trained_rows)} rows until ${release.trained_until}`],
      ["ROC AUC", number(release.metrics.roc_auc, 3)], ["Rollout", shared], ["Shadow", rollout.shadow], ["Stopped", rollout.stopped]]),
    release.decisions.length ? [h("h3", {}, "Who released what"), h("ul", { className: "lines" }, release.decisions.map((one) =>
      h("li", {}, tag(one.action), ` ${one.semantic_version ?? one.version} `, h("span", { className: "soft" },
        `${moment(one.time)}, ${one.who}${one.reason ? `: ${one.reason}` : ""}`))))] : null);
}

function showDrift({ drift }) {
  const causes = [...(drift.causes ?? [])].sort((a, b) => b.cost - a.cost).slice(0, 8);
  const moved = [...(drift.columns ?? [])].filter((one) => one.judged).sort((a, b) => (b.cost ?? -1) - (a.cost ?? -1) || b.effect / b.limit - a.effect / a.limit).slice(0, 8);
  const bar = (name, share, told) => h("div", {}, h("span", {}, name), h("span", {}, told), h("progress", { max: 1, value: Math.max(0, Math.min(1, share)) }));
  const top = Math.max(...causes.map((one) => one.cost), 0);
  const furthest = Math.max(...moved.map((one) => one.effect / one.limit), 1);
  card("drift", "Drift by cost", written(drift), absent(drift),
    drift.verdict ? h("p", {}, tag(drift.verdict, drift.verdict === "drift" ? (drift.confirmed ? "bad" : "warn") : "good"),
      ` ${drift.drifted.length} columns drifted${drift.confirmed ? ", confirmed" : ""}; window of ${drift.current_date}.`) : null,
    causes.length ? [h("h3", {}, "What it would cost a customer, were it a fault of the data"), h("div", { className: "bars" },
      causes.map((one) => bar(one.name, top ? one.cost / top : 0, money(one.cost, currency, 3))))] : null,
    moved.length ? [h("h3", {}, "How far columns moved, of what is allowed"), h("div", { className: "bars" },
      moved.map((one) => bar(one.name, one.effect / one.limit / furthest, `${percent(one.effect / one.limit)}${one.drifted ? " drifted" : ""}`)))] : null,
    drift.unseen?.length ? h("p", { className: "soft" }, `Not to be seen without labels: ${drift.unseen.join("; ")}`) : null);
}

function showPerformance({ performance }) {
  const cohorts = performance.cohorts ?? [];
  card("performance", "Performance, estimated and realised", written(performance), absent(performance),
    performance.degraded !== undefined ? h("p", {}, tag(performance.degraded ? "worse" : performance.realised ? "as good as stated" : "no labels yet", performance.degraded ? "bad" : performance.realised ? "good" : ""),
      ` ${performance.reasons.join(" ") || `${number(performance.rows)} newer customers, ${number(performance.matured)} with a label.`}`) : null,
    cohorts.length ? [h("label", {}, "Metric ", h("select", { id: "metric", onchange: (event) => { metric = event.target.value; showPerformance({ performance }); } },
      Object.entries(METRICS).map(([value, name]) => h("option", { value, selected: value === metric }, name)))),
    h("div", { id: "plot-performance", className: "plot" })] : performance.absent ? null : h("p", { className: "soft" }, "Nothing is newer than what the model learnt from."));
  if (!cohorts.length) return;
  const pick = (kind, end) => cohorts.map((one) => one[kind]?.[metric]?.[end] ?? null);
  const shade = colour("--band"), mark = colour("--mark"), real = colour("--warn"), points = { show: true, size: 9 };
  const value = (_, v) => number(v, 3);
  plot("plot-performance", [cohorts.map((one) => Date.parse(one.month) / 1000), pick("estimated", "low"), pick("estimated", "high"), pick("estimated", "value"), pick("realised", "value")],
    [{ label: "low", stroke: shade, points: { show: false }, value }, { label: "high", stroke: shade, points: { show: false }, value },
      { label: "estimated", stroke: mark, width: 2, points: { ...points, size: 6 }, value }, { label: "realised", stroke: real, width: 0, points: { ...points, stroke: real, fill: real }, value }],
    { bands: [{ series: [2, 1], fill: shade }], ...whiskers(pick("realised", "low"), pick("realised", "high"), "--warn"),
      scales: { y: { range: (u, low, high) => { const all = ["low", "high"].flatMap((end) => [...pick("realised", end), ...pick("estimated", end)]).filter((v) => v !== null);
        const [from, to] = [Math.min(low, ...all), Math.max(high, ...all)]; const room = (to - from || Math.abs(to) || 1) * 0.1; return [from - room, to + room]; } } } });
}

function showAlerts({ alerts, runbook }) {
  const link = (entry) => (runbook ? h("a", { href: `${runbook}#${entry}`, target: "_blank", rel: "noopener noreferrer" }, "runbook") : h("code", {}, `docs/runbook.md#${entry}`));
  card("alerts", "Alerts", written(alerts), absent(alerts),
    alerts.told && !alerts.told.length ? h("p", {}, tag("quiet", "good"), " No alert of the watch stands.") : null,
    alerts.told?.length ? h("ul", { className: "lines" }, alerts.told.map((one) => h("li", {}, tag(one.alert.severity, URGENT[one.alert.severity]), ` ${one.alert.title} `,
      h("span", { className: "soft" }, `since ${moment(one.since)}, `, link(one.alert.runbook))))) : null);
}

function showDecision({ decision }) {
  card("decision", "Is another model due?", written(decision), absent(decision),
    decision.action ? h("p", {}, tag(decision.action, decision.action === "nothing" ? "good" : "warn"), decision.held ? ` held back: ${decision.held}` : "") : null,
    decision.reasons?.length ? h("ul", { className: "lines" }, decision.reasons.map((one) => h("li", {}, one.text))) : null,
    decision.missing?.length ? h("p", { className: "soft" }, `Not looked at: ${decision.missing.join("; ")}`) : null);
}

function showEffect({ effect }) {
  const campaigns = effect.campaigns ?? [];
  card("effect", "What calls bring", written(effect), absent(effect),
    effect.campaigns && !campaigns.length ? h("p", { className: "soft" }, "Nobody has been listed to call yet.") : null,
    campaigns.map((one) => [h("h3", {}, `Campaign ${one.campaign}, ${one.since} to ${one.until}`),
      one.in_words.map((line) => h("p", { className: line.startsWith("sleeping dogs") ? "bad" : "" }, line))]));
}

function showExperiment(found) {
  const heads = [["metric"], ["champion", 1], ["other", 1], ["difference", 1], ["interval", 1], ["verdict"]];
  const rows = (list) => list.map((one) => [one.metric, number(one.champion, 4), number(one.challenger, 4), signed(one.difference, 4),
    one.low === null ? "–" : `${signed(one.low, 4)} to ${signed(one.high, 4)}`, one.verdict]);
  if (found === null) {
    card("experiment", "Experiments", "", h("p", { className: "soft" }, words("None runs: `kedro churn rollout set --challenger VERSION --percentage 5` begins one.")));
    return;
  }
  card("experiment", "Experiments", found.as_of ? moment(found.as_of) : "",
    h("p", {}, tag(found.verdict.replace("_", " "), found.verdict === "better" ? "good" : ["worse", "harm"].includes(found.verdict) ? "bad" : ""),
      ` ${found.experiment}: ${found.challenger ?? "a shadow"}, ${number(found.percentage, 2)} % of customers; ${Object.entries(found.customers).map(([side, n]) => `${side} ${number(n)}`).join(", ")} with a label.`),
    found.metrics.length ? table(heads, rows(found.metrics)) : null,
    found.shadow.length ? [h("h3", {}, "Shadow, on the same customers"), table(heads, rows(found.shadow))] : null);
}

const tile = (value, name) => h("div", { className: "tile" }, h("b", {}, value), h("span", {}, name));
function showTiles(running, calls, rate) {
  const all = added(running.traffic), standing = running.alerts.told;
  put("tiles",
    calls?.written ? [tile(number(calls.taken), "calls today"), tile(money(calls.expected_profit, currency), "they are expected to earn")]
      : [tile(running.release.semantic_version ?? "–", "champion"), tile(number(all.requests), "requests since the start")],
    tile(standing ? number(standing.length) : "–", standing?.length === 1 ? "alert stands" : "alerts stand"),
    tile(milliseconds(quantile(0.95, running.traffic.bounds, all.buckets)), rate === null ? "p95 latency" : `p95 latency, ${number(rate, 1)} requests/s`));
}

// Opening, refreshing

const SHOWS = [showPerformance, showAlerts, showDecision, showDrift, showRelease, showEffect];
let calls = null, stamp = "";

async function look() {
  const running = await askJson("desk/running");
  at("dataset").textContent = running.dataset;
  at("state").textContent = `model ${running.release.semantic_version ?? running.release.version}, as of ${moment(running.time)}`;
  // What has not changed stays as it is: nobody loses their place.
  const fresh = JSON.stringify({ ...running, time: "", traffic: null });
  if (fresh !== stamp) {
    if (running.customers && known?.calls.written !== running.calls.written) calls = await showCalls();
    SHOWS.forEach((show) => show(running));
    const onTrial = running.rollout.challenger || running.rollout.shadow;
    showExperiment(onTrial ? await askJson("experiment") : null);
    stamp = fresh;
  }
  known = running;
  showTiles(running, calls, showTraffic(running));
}

const said = (error) => { at("state").replaceChildren(h("span", { className: "bad" }, error.message)); };
const tried = (work) => async (event) => { event?.preventDefault(); try { await work(event); } catch (error) { said(error); } };

let timer = null;
async function open() {
  clearInterval(timer);
  stamp = ""; known = null; calls = null;
  try {
    at("all").hidden = false; // plots need their width
    await look();
  } catch (error) {
    at("all").hidden = true;
    at("enter").hidden = false;
    at("refused").textContent = error.message;
    if ([401, 403].includes(error.status)) sessionStorage.removeItem(KEPT);
    return;
  }
  sessionStorage.setItem(KEPT, key);
  at("enter").hidden = true;
  at("leave").hidden = false;
  timer = setInterval(() => { if (!document.hidden) look().catch(said); }, EVERY);
}

at("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  key = at("key").value.trim();
  at("key").value = "";
  open();
});
at("leave").addEventListener("click", () => { sessionStorage.removeItem(KEPT); location.reload(); });
at("budget").addEventListener("submit", tried(async () => { readBudget(); calls = await showCalls(); }));
at("download").addEventListener("click", tried(async () => { readBudget(); await download(); }));
at("find").addEventListener("submit", tried(() => lookUp(at("customer-id").value.trim())));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (known) showPerformance(known); });
if (key) { at("enter").hidden = true; open(); }
