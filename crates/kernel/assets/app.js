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
  // Not performance.now(): on phones it stands still while the device sleeps.
  let goodUntil = Date.now() + Number(root.dataset.expiresInMs);
  let asking = false;

  async function renew() {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(root.dataset.codeUrl, {
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(8000),
      });
      // A session that has ended is led to the sign-in page.
      if (answer.status === 401 || answer.redirected) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const code = await answer.json();
      const picture = new DOMParser().parseFromString(code.svg, "image/svg+xml").documentElement;
      qr.replaceChildren(document.importNode(picture, true));
      root.dataset.codeText = code.text;
      bar.max = code.lifetime_ms;
      goodUntil = Date.now() + code.expires_in_ms;
      offline.hidden = true;
    } catch {
      offline.hidden = false;
      await new Promise((resume) => setTimeout(resume, 2000));
    } finally {
      asking = false;
    }
  }

  function tick() {
    const left = Math.max(0, goodUntil - Date.now());
    bar.value = left;
    root.classList.toggle("code-soon", left < bar.max / 5);
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
    if (!state.finished) return;
    clearInterval(timer);
    if (root.dataset.progressNext) location.assign(root.dataset.progressNext);
  }, 1000);
}
document.querySelectorAll("[data-progress-url]").forEach(followProgress);

// The desk works without a mouse: "/" searches, "?" tells the keys, a letter presses what shows it.
const help = document.querySelector("[data-keys]");
const off = help?.querySelector("[data-keys-off]");
if (off) {
  off.checked = localStorage.getItem("keys-off") === "1";
  off.addEventListener("change", () => localStorage.setItem("keys-off", off.checked ? "1" : "0"));
}

function showKeys() {
  const entry = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const rows = [...document.querySelectorAll("[data-key]")].flatMap((element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(".kbd").forEach((kbd) => kbd.remove());
    return [entry("dt", element.dataset.key), entry("dd", copy.textContent.trim())];
  });
  help.querySelector("[data-keys-list]").replaceChildren(...rows);
  help.hidden = false;
  help.focus();
}

function wantedBy(key) {
  if (key === "/") return document.querySelector(".search-box input, .filters input:not([type=hidden])");
  if (!/^[a-z]$/.test(key) || off?.checked) return null;
  // What the page offers goes before the navigation.
  return document.querySelector(`main [data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]`);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.key === "Escape") {
    if (help) help.hidden = true;
    return document.activeElement?.blur();
  }
  if (typing(event.target)) return;
  if (event.key === "?" && help) return help.hidden ? showKeys() : void (help.hidden = true);
  const wanted = wantedBy(event.key);
  if (!wanted) return;
  event.preventDefault();
  if (typing(wanted)) wanted.select();
  else wanted.click();
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

// Copies the text of what data-copy selects; data-copied says so.
document.querySelectorAll("[data-copy]").forEach((button) =>
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
    const note = Object.assign(document.createElement("p"), { className: "toast", textContent: button.dataset.copied ?? "✓" });
    document.querySelector(".toasts").replaceChildren(note);
    setTimeout(() => note.remove(), 3000);
  }),
);

// The nearest outlets: the place goes into the form only when somebody asks for it.
for (const button of document.querySelectorAll("[data-locate]")) {
  if (!navigator.geolocation) continue;
  button.hidden = false;
  button.addEventListener("click", (event) => {
    event.preventDefault();
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const near = `${coords.latitude.toFixed(4)},${coords.longitude.toFixed(4)}`;
        button.form.querySelector("[data-near]").value = near;
        button.form.submit();
      },
      () => { button.textContent = button.dataset.failed; },
      { timeout: 8000, maximumAge: 600000 },
    );
  });
}

// A page about something that changes by itself.
for (const root of document.querySelectorAll("[data-reload-s]")) {
  setTimeout(() => location.reload(), Number(root.dataset.reloadS) * 1000);
}
