"use strict";

// The theme: the system's, until somebody chooses. theme.js has set the choice before anything was drawn.
{
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => ({ dark: true, light: false })[root.dataset.theme] ?? system.matches;
  const show = () => {
    if (button.getAttribute("aria-pressed") === String(isDark())) return;
    button.setAttribute("aria-pressed", String(isDark()));
    dispatchEvent(new CustomEvent("heidi-theme", { detail: { dark: isDark() } }));
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* then it lasts as long as the page */ }
    show();
  });
  // Paper is light, which is no choice of anybody.
  system.addEventListener("change", () => matchMedia("print").matches || show());
  button.hidden = false;
  show();
}

// The search: every word must be in the entry; a title counts more than the text below it.
{
  const form = document.querySelector("form[role=search]");
  const input = document.getElementById("query");
  const list = document.getElementById("results");
  const count = document.getElementById("count");
  const MOST = 12;
  let entries;

  // Loaded as a script, since a page that was opened as a file may not fetch.
  const trusted = window.trustedTypes?.createPolicy("search", { createScriptURL: (url) => url });
  const load = () => {
    entries ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = trusted ? trusted.createScriptURL("assets/search-data.js") : "assets/search-data.js";
      script.addEventListener("load", () => resolve(window.heidiSearch));
      script.addEventListener("error", () => reject(new Error("assets/search-data.js is not there")));
      document.head.append(script);
    });
    return entries;
  };
  const score = (entry, words) => {
    const title = entry.title.toLowerCase();
    const text = `${title} ${entry.kind} ${entry.text}`;
    if (!words.every((word) => text.includes(word))) return 0;
    return 1 + words.filter((word) => title.includes(word)).length + (title === words.join(" ") ? 9 : 0);
  };
  const item = (entry) => {
    const link = document.createElement("a");
    link.href = entry.url;
    link.append(entry.title, Object.assign(document.createElement("small"), { textContent: entry.kind }));
    const row = document.createElement("li");
    row.append(link);
    return row;
  };
  const search = async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = (await load())
      .map((entry) => [score(entry, words), entry])
      .filter(([points]) => points && words.length)
      .sort(([a], [b]) => b - a)
      .slice(0, MOST);
    list.replaceChildren(...found.map(([, entry]) => item(entry)));
    list.hidden = !found.length;
    count.textContent = !words.length ? "" : found.length ? `${found.length} results` : "Nothing found";
    count.classList.toggle("unseen", !words.length || found.length > 0);
  };
  const leave = () => {
    list.hidden = true;
    count.classList.add("unseen");
  };
  const move = (step) => {
    const stops = [input, ...list.querySelectorAll("a")];
    const next = stops.indexOf(document.activeElement) + step;
    stops[(next + stops.length) % stops.length].focus();
  };

  input.addEventListener("focus", load);
  input.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  form.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !list.hidden) {
      event.preventDefault();
      move(step);
    } else if (event.key === "Escape") {
      input.focus();
      leave();
    }
  });
  list.addEventListener("click", leave);
  addEventListener("click", (event) => form.contains(event.target) || leave());
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      input.focus();
    }
  });
  form.hidden = false;
}
