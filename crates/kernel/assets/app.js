// Progressive enhancement only: every page works without this script, except that a code then has to
// be renewed by reloading.

const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

// The holder's code: renewed before it expires, counted down, paused while nobody looks.
function keepCodeFresh(root) {
  const qr = root.querySelector(".qr");
  const bar = root.querySelector("progress");
  const seconds = root.querySelector(".seconds");
  const offline = root.querySelector(".code-offline");
  const renewBeforeMs = 5000;
  let goodUntil = performance.now() + Number(root.dataset.expiresInMs);
  let asking = false;

  async function renew() {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(root.dataset.codeUrl, { headers: { Accept: "application/json" } });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const code = await answer.json();
      const picture = new DOMParser().parseFromString(code.svg, "image/svg+xml").documentElement;
      qr.replaceChildren(document.importNode(picture, true));
      root.dataset.codeText = code.text;
      bar.max = code.lifetime_ms;
      goodUntil = performance.now() + code.expires_in_ms;
      offline.hidden = true;
    } catch {
      offline.hidden = false;
      await new Promise((resume) => setTimeout(resume, 2000));
    } finally {
      asking = false;
    }
  }

  function tick() {
    const left = Math.max(0, goodUntil - performance.now());
    bar.value = left;
    seconds.textContent = String(Math.ceil(left / 1000));
    qr.classList.toggle("qr-old", left === 0);
    if (!document.hidden && left < renewBeforeMs) renew();
  }
  setInterval(tick, 250);
  document.addEventListener("visibilitychange", tick);
}
document.querySelectorAll("[data-code-url]").forEach(keepCodeFresh);

// Long work: how far it is.
function followProgress(root) {
  const bar = root.querySelector("progress");
  const text = root.querySelector(".progress-text");
  const timer = setInterval(async () => {
    const answer = await fetch(root.dataset.progressUrl).catch(() => null);
    if (!answer || !answer.ok) return;
    const state = await answer.json();
    bar.max = state.total;
    bar.value = state.done;
    text.textContent = state.text;
    if (state.finished) clearInterval(timer);
  }, 1000);
}
document.querySelectorAll("[data-progress-url]").forEach(followProgress);

// The desk works without a mouse: "/" searches, a letter presses the button that shows it.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector(".search-box input");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    return;
  }
  if (!/^[a-z]$/.test(event.key)) return;
  const wanted = document.querySelector(`[data-key="${event.key}"]`);
  if (wanted) {
    event.preventDefault();
    wanted.click();
  }
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return event.preventDefault();
  // After the values are taken: a disabled button would not send its own.
  setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)), 0);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("button:disabled").forEach((b) => (b.disabled = false));
});

document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => print()));
