// Light or dark: what the reader chose, or what the system says. A browser that keeps nothing is asked each time.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const now = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  const show = () => { button.textContent = now() === "dark" ? "☀ light" : "☾ dark"; };
  try {
    const kept = localStorage.getItem("harness-theme");
    if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  } catch { /* the page works without */ }
  button.addEventListener("click", () => {
    root.dataset.theme = now() === "dark" ? "light" : "dark";
    try { localStorage.setItem("harness-theme", root.dataset.theme); } catch { /* as above */ }
    show();
  });
  dark.addEventListener("change", show);
  show();
})();
