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
  const groups = Object.entries(row.about).filter(([, value]) => value).map(([name, value]) => `${name} ${value}`).join(" · ");
  return h("li", {},
    h("span", { className: "rank" }, row.rank),
    h("div", { className: "who" },
      h("button", { type: "button", onclick: tried(() => lookUp(row.customer_id)) }, row.customer_id),
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

async function showCalls(absent) {
  const found = await askJson(`desk/calls${budget}`);
  at("calls").hidden = at("customer").hidden = false;
  currency = found.currency;
  at("calls-when").textContent = found.written ? `list of ${moment(found.written)}` : "";
  at("budget").hidden = !found.written;
  at("budget-name").textContent = currency ? `Budget (${currency})` : "Budget";
  if (!found.written) {
    put("calls-sum", ...words(absent));
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

function showCampaign({ campaign }) {
  put("calls-aside", campaign.name ? `The service keeps ${percent(campaign.control_share, 1)} of all customers aside, by the campaign ${campaign.name}.`
    : "The service keeps nobody aside: there is no control group.");
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

let turn = 0;
async function lookUp(id) {
  const mine = ++turn;
  at("customer-id").value = id;
  put("history", h("p", { className: "soft" }, "looking …"));
  at("customer").scrollIntoView({ behavior: "smooth" });
  let told = null;
  try { told = await askJson("desk/customer", { customer_id: id }); }
  catch (error) { if (mine === turn) put("history"); throw error; }
  if (mine !== turn) return; // somebody else has been asked for since
  const parts = [];
  if (told.kept_aside) parts.push(h("p", {}, tag("kept aside", "warn"), ` Of the control group of the campaign ${told.campaign}: not to be called.`));
  if (told.today) parts.push(h("h3", {}, "Today"), h("ol", { className: "calls" }, callItem(told.today)));
  parts.push(h("h3", {}, `Of the last ${number(told.looked_through)} lists of calls`));
  parts.push(told.lists.length ? folded([["list"], ["what"], ["rank", 1], ["risk", 1], ["expected", 1], ["campaign"], ["of"]],
    told.lists.map((one) => [moment(one.written), one.arm === "control" ? "kept aside" : "to call", one.rank ?? "–",
      percent(one.churn_probability), money(one.expected_profit, currency, 2), one.campaign, one.observation_date]))
    : h("p", { className: "soft" }, "On none of them."));
  parts.push(h("h3", {}, "What the service said"));
  parts.push(told.answers.length ? folded([["when"], ["risk", 1], ["decision"], ["model"], ["side"], ["request"]],
    told.answers.map((one) => [moment(one.time), percent(one.probability, 1), one.decision, one.model_version, one.variant, h("code", {}, one.request_id)]))
    : h("p", { className: "soft" }, "Nothing in the prediction log."));
  parts.push(h("h3", {}, "What became true"));
  parts.push(told.labels.length ? folded([["known since"], ["customer"], ["of"]],
    told.labels.map((one) => [moment(one.known), one.churned ? "left" : "stayed", one.observation_date || h("code", {}, one.request_id)]))
    : h("p", { className: "soft" }, "Nobody has told yet."));
  put("history", parts);
}
