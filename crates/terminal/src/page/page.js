"use strict";
// A scanner types wherever the cursor is: bring it back to the field, but not away from another control
// that somebody is using.
const field = document.getElementById("shown");
const idle = () => document.activeElement === document.body || document.activeElement === null;
const back = () => { if (field && idle()) { field.focus(); } };
document.addEventListener("click", () => setTimeout(back, 0));
document.addEventListener("focusout", () => setTimeout(back, 300));
window.addEventListener("focus", back);
document.addEventListener("keydown", () => { back(); });
// The answer to one person is not shown to the next: back to the start after ten seconds.
if (!document.body.classList.contains("ready")) {
  setTimeout(() => {
    const item = document.getElementById("item");
    const busy = field && field.value !== "";
    const open = document.querySelector("details[open]");
    if (!busy && !open) { location.replace("/?item=" + encodeURIComponent(item ? item.value : "")); }
  }, 10000);
}
