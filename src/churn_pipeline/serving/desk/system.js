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
  return { time: Date.now() / 1000, requests: sum("requests") };
}

const milliseconds = (seconds) => (seconds === null ? "–" : `${number(1000 * seconds, seconds < 0.01 ? 1 : 0)} ms`);

function showTraffic({ traffic }) {
  const now = added(traffic), before = seen[seen.length - 1];
  seen.push(now);
  if (seen.length > 200) seen.shift();
  const rows = Object.entries(traffic.endpoints).sort((a, b) => b[1].requests - a[1].requests).map(([path, one]) => [
    h("code", {}, path), number(one.requests), ...[0.5, 0.95, 0.99].map((q) => milliseconds(quantile(q, traffic.bounds, one.buckets))), number(one.failed)]);
  const numbers = traffic.numbers;
  card("traffic", "Traffic and latency", "since the start",
    rows.length ? table([["address"], ["requests", 1], ["p50", 1], ["p95", 1], ["p99", 1], ["failed", 1]], rows)
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
    release.problem ? h("p", { className: "bad" }, words(release.problem)) : null,
    release.decisions.length ? [h("h3", {}, "Who released what"), h("ul", { className: "lines" }, release.decisions.map((one) =>
      h("li", {}, tag(one.action), ` ${one.semantic_version ?? one.version} `, h("span", { className: "soft" },
        `${moment(one.time)}, ${one.who}${one.reason ? `: ${one.reason}` : ""}`))))] : null);
}

const NOTHING_NEWER = "nothing newer than the training data";
function showDrift({ drift }) {
  const compared = drift.verdict !== NOTHING_NEWER;
  const causes = [...(drift.causes ?? [])].sort((a, b) => b.cost - a.cost).slice(0, 8);
  const moved = [...(drift.columns ?? [])].filter((one) => compared && one.judged).sort((a, b) => (b.cost ?? -1) - (a.cost ?? -1) || b.effect / b.limit - a.effect / a.limit).slice(0, 8);
  const bar = (name, share, told) => h("div", {}, h("span", {}, name), h("span", {}, told), h("progress", { max: 1, value: Math.max(0, Math.min(1, share)) }));
  const top = Math.max(...causes.map((one) => one.cost), 0);
  const furthest = Math.max(...moved.map((one) => one.effect / one.limit), 1);
  card("drift", "Drift by cost", written(drift), absent(drift),
    drift.verdict ? h("p", {}, tag(drift.verdict, drift.verdict === "drift" ? (drift.confirmed ? "bad" : "warn") : compared ? "good" : ""),
      !compared ? ` Nothing was compared: the rows of ${drift.current_date} are those that the model learnt from.` : ` ${drift.drifted.length} ${drift.drifted.length === 1 ? "column" : "columns"} drifted${drift.confirmed ? ", confirmed" : ""}; window of ${drift.current_date}.`) : null,
    causes.length ? [h("h3", {}, "What it would cost a customer, were it a fault of the data"), h("div", { className: "bars" },
      causes.map((one) => bar(one.name, top ? one.cost / top : 0, money(one.cost, currency, 3))))] : null,
    moved.length ? [h("h3", {}, "How far columns moved, of what is allowed"), h("div", { className: "bars" },
      moved.map((one) => bar(one.name, one.effect / one.limit / furthest, `${percent(one.effect / one.limit)}${one.drifted ? " drifted" : ""}`)))] : null,
    drift.unseen?.length ? h("p", { className: "soft" }, `Not to be seen without labels: ${drift.unseen.join(" ")}`) : null);
}

const MONTH = 30 * 86400;
function showPerformance({ performance }) {
  const told = performance.cohorts ?? [], own = told.filter((one) => one.source !== "log");
  const cohorts = own.length ? own : told;
  const labels = performance.realised ? "" : performance.matured ? ", too few to judge by" : " yet";
  card("performance", "Performance, estimated and realised", written(performance), absent(performance),
    performance.degraded !== undefined ? h("p", {}, tag(performance.degraded ? "worse" : performance.realised ? "as good as stated" : performance.matured ? "too few labels" : "no labels yet", performance.degraded ? "bad" : performance.realised ? "good" : ""),
      ` ${performance.reasons.join(" ") || `${number(performance.rows)} newer ${performance.rows === 1 ? "customer" : "customers"}, ${performance.matured ? number(performance.matured) : "none"} with a mature label${labels}.`}`) : null,
    cohorts.length ? [h("label", {}, "Metric ", h("select", { id: "metric", onchange: (event) => { metric = event.target.value; showPerformance({ performance }); } },
      Object.entries(METRICS).map(([value, name]) => h("option", { value, selected: value === metric }, name)))),
    h("div", { id: "plot-performance", className: "plot" })] : performance.absent ? null : h("p", { className: "soft" }, "Nothing is newer than what the model learnt from."));
  if (!cohorts.length) return;
  const pick = (kind, end) => cohorts.map((one) => one[kind]?.[metric]?.[end] ?? null);
  const shade = colour("--band"), mark = colour("--mark"), real = colour("--warn"), points = { show: true, size: 9 };
  const value = (_, v) => number(v, 3);
  // A month alone is a point between two others, so that its band has a width.
  const alone = cohorts.length === 1, months = cohorts.map((one) => Date.parse(one.month) / 1000);
  const between = (values) => (alone ? [null, ...values, null] : values);
  const band = (end) => (alone ? Array(3).fill(pick("estimated", end)[0]) : pick("estimated", end));
  plot("plot-performance", [alone ? [months[0] - MONTH / 2, months[0], months[0] + MONTH / 2] : months, band("low"), band("high"), between(pick("estimated", "value")), between(pick("realised", "value"))],
    [{ label: "low", stroke: shade, points: { show: false }, value }, { label: "high", stroke: shade, points: { show: false }, value },
      { label: "estimated", stroke: mark, width: 2, points: { ...points, size: 6 }, value }, { label: "realised", stroke: real, width: 0, points: { ...points, stroke: real, fill: real }, value }],
    { bands: [{ series: [2, 1], fill: shade }], ...whiskers(between(pick("realised", "low")), between(pick("realised", "high")), "--warn"),
      scales: { x: { range: (_, from, to) => (alone ? [from - MONTH / 2, to + MONTH / 2] : [from, to]) }, y: { range: (u, low, high) => { const all = ["low", "high"].flatMap((end) => [...pick("realised", end), ...pick("estimated", end)]).filter((v) => v !== null);
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
  const campaigns = effect.campaigns ?? [], ordered = campaigns.find((one) => one.order);
  card("effect", "What calls bring", written(effect), absent(effect),
    effect.campaigns && !campaigns.length ? h("p", { className: "soft" }, "Nobody has been listed to call yet.") : null,
    campaigns.map((one) => [h("h3", {}, `Campaign ${one.campaign}, ${one.since} to ${one.until}`),
      one.in_words.map((line) => h("p", { className: line.startsWith("sleeping dogs") ? "bad" : "" }, line)),
      one === ordered ? h("div", { id: "plot-effect", className: "plot" }) : null]));
  if (ordered) plotOrder(ordered.order, effect.currency);
}

function plotOrder({ share, profit }, unit) {
  const shade = colour("--band"), pick = (end) => profit.map((at) => at[end]), value = (_, v) => money(v, unit, 2);
  const straight = share.map((part) => part * profit.at(-1).value);
  plot("plot-effect", [share, pick("low"), pick("high"), pick("value"), straight],
    [{ label: "low", stroke: shade, points: { show: false }, value }, { label: "high", stroke: shade, points: { show: false }, value },
      { label: "called from the top, a listed customer", stroke: colour("--mark"), width: 2, value }, { label: "in any order", stroke: colour("--soft"), dash: [4, 4], points: { show: false }, value }],
    { bands: [{ series: [2, 1], fill: shade }], scales: { x: { time: false } }, axes: [{ values: (_, ticks) => ticks.map((tick) => percent(tick)) }, {}],
      x: { label: "first of the list", value: (_, v) => (v === null ? "–" : percent(v)) } });
}

function showExperiment(found, none) {
  const heads = [["metric"], ["champion", 1], ["other", 1], ["difference", 1], ["interval", 1], ["verdict"]];
  const rows = (list) => list.map((one) => [one.metric, number(one.champion, 4), number(one.challenger, 4), signed(one.difference, 4),
    one.low === null ? "–" : `${signed(one.low, 4)} to ${signed(one.high, 4)}`, one.verdict]);
  if (found === null) {
    card("experiment", "Experiments", "", h("p", { className: "soft" }, words(none)));
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
    tile(milliseconds(quantile(0.95, running.traffic.bounds, running.traffic.predicted)), rate === null ? "p95 of predictions" : `p95 of predictions, ${number(rate, 1)} requests/s`));
}
