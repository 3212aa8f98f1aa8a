// Opening, refreshing

const SHOWS = [showCampaign, showPerformance, showAlerts, showDecision, showDrift, showRelease, showEffect];
let calls = null, stamp = "";

async function look() {
  const running = await askJson("desk/running");
  at("dataset").textContent = running.dataset;
  at("state").textContent = `model ${running.release.semantic_version ?? running.release.version}, as of ${moment(running.time)}`;
  // What has not changed stays as it is: nobody loses their place.
  const fresh = JSON.stringify({ ...running, time: "", traffic: null });
  if (fresh !== stamp) {
    if (running.customers && (!known || known.calls.written !== running.calls.written)) calls = await showCalls(running.calls.absent ?? "");
    SHOWS.forEach((show) => show(running));
    const onTrial = running.rollout.challenger || running.rollout.shadow;
    showExperiment(onTrial ? await askJson("experiment") : null, running.no_experiment);
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
at("budget").addEventListener("submit", tried(async () => { readBudget(); calls = await showCalls(known.calls.absent ?? ""); }));
at("download").addEventListener("click", tried(async () => { readBudget(); await download(); }));
at("find").addEventListener("submit", tried(() => lookUp(at("customer-id").value.trim())));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (known) showPerformance(known); });
if (key) { at("enter").hidden = true; open(); }
