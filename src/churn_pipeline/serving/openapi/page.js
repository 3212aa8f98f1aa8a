"use strict";
const key = document.getElementById("key");
key.form.addEventListener("submit", (event) => event.preventDefault());

async function send(form) {
  const said = form.querySelector("output");
  const area = form.querySelector("textarea");
  const headers = {};
  if (key.value) headers["X-API-Key"] = key.value.trim();
  if (area) headers["Content-Type"] = area.dataset.kind;
  said.hidden = false;
  said.textContent = "…";
  try {
    // The page may lie below a prefix: addresses count from where it lies.
    const answer = await fetch(form.dataset.path.slice(1) || ".", {
      method: form.dataset.method, headers, body: area ? area.value : undefined,
    });
    let text = await answer.text();
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON */ }
    said.textContent = `${answer.status}\n${text}`;
  } catch (error) {
    said.textContent = `no answer: ${error}`;
  }
}

for (const button of document.querySelectorAll("button[data-send]")) {
  button.addEventListener("click", () => send(button.closest("section")));
}

function open() {
  const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (found && found.tagName === "DETAILS") found.open = true;
}
addEventListener("hashchange", open);
open();
