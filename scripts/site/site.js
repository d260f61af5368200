"use strict";

// The theme: the system's, until the reader chooses. theme.js has set the choice before anything was drawn.
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
  // Paper is light, whatever the reader chose.
  system.addEventListener("change", () => matchMedia("print").matches || show());
  button.hidden = false;
  show();
}

// The pages of a section are a row on a phone: the one that is shown is in sight.
{
  const here = document.querySelector(".side [aria-current]");
  const row = here?.closest("ul");
  if (row) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

// Code: a button that copies it, and tabs where it is there in several languages. One choice holds for all pages.
{
  const button = (properties) => Object.assign(document.createElement("button"), { type: "button", ...properties });
  const said = Object.assign(document.createElement("p"), { className: "unseen" });
  said.setAttribute("role", "status");
  document.body.append(said);
  const copying = (source) => {
    const copy = button({ className: "copy", title: "Copy" });
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.textContent.trimEnd());
      copy.classList.add("done");
      said.textContent = "Copied";
      setTimeout(() => { copy.classList.remove("done"); said.textContent = ""; }, 2000);
    });
    return copy;
  };
  if (navigator.clipboard) {
    for (const code of document.querySelectorAll("figure.code code")) code.closest("figure").append(copying(code));
    for (const code of document.querySelectorAll("code.copied")) code.after(copying(code));
  }

  const KEPT = "language";
  const groups = [...document.querySelectorAll(".tabs")].map((group, at) => {
    const list = document.createElement("div");
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", "Language");
    const tabs = [...group.children].map((panel, index) => {
      const name = panel.querySelector("figcaption").textContent;
      const tab = button({ id: `tab-${at}-${index}`, textContent: name });
      tab.setAttribute("role", "tab");
      panel.id = `panel-${at}-${index}`;
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", () => choose(name));
      list.append(tab);
      return { name, tab, panel };
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(tabs.findIndex(({ tab }) => tab === document.activeElement) + step + tabs.length) % tabs.length];
      choose(next.name);
      next.tab.focus();
    });
    group.prepend(list);
    group.classList.add("chosen");
    return tabs;
  });
  const show = (name) => {
    for (const tabs of groups) {
      const chosen = tabs.find((each) => each.name === name) ?? tabs[0];
      for (const { tab, panel } of tabs) {
        const is = panel === chosen.panel;
        tab.setAttribute("aria-selected", String(is));
        tab.tabIndex = is ? 0 : -1;
        panel.hidden = !is;
      }
    }
  };
  const choose = (name) => {
    try { localStorage.setItem(KEPT, name); } catch { /* then it lasts as long as the page */ }
    show(name);
  };
  let kept = null;
  try { kept = localStorage.getItem(KEPT); } catch { /* then the first is shown */ }
  show(kept);
}

// The search: lunr's index, built from a list at the first search. It finds the entries that have the most of the
// words, but for fillers: as they are, with another ending, or as the beginning of a word.
{
  const form = document.querySelector("form[role=search]");
  const input = document.getElementById("query");
  const list = document.getElementById("results");
  const count = document.getElementById("count");
  const MOST = 12;
  const FILLERS = new Set("a an are can do does for happen how i in is my no not of on our the to we which with your".split(" "));
  const WEIGHTS = { error: 1.5, page: 0.8, decision: 0.6, evidence: 0.3, changelog: 0.3 };
  let loading;

  // Loaded as scripts, since a page that was opened as a file may not fetch.
  const trusted = window.trustedTypes?.createPolicy("search", { createScriptURL: (url) => url });
  const script = (url) =>
    new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = trusted ? trusted.createScriptURL(url) : url;
      element.addEventListener("load", resolve);
      element.addEventListener("error", () => reject(new Error(`${url} is not there`)));
      document.head.append(element);
    });
  const load = () => {
    loading ??= Promise.all(["assets/lunr.js", "assets/search-data.js"].map(script)).then(() => {
      const entries = window.heidiSearch;
      const index = lunr(function () {
        this.pipeline.remove(lunr.stopWordFilter);
        this.ref("at");
        this.field("title", { boost: 5 });
        this.field("kind");
        this.field("text");
        entries.forEach((entry, at) => this.add({ ...entry, at }));
      });
      return { entries, index };
    });
    return loading;
  };
  const scores = (index, word) =>
    index.query((query) => {
      query.term(word, { boost: 10 });
      query.term(word, { usePipeline: false, wildcard: lunr.Query.wildcard.TRAILING });
    });
  const find = ({ entries, index }, words) => {
    const points = entries.map(() => ({ hits: 0, sum: 0 }));
    const telling = words.filter((word) => !FILLERS.has(word));
    for (const word of telling.length ? telling : words) {
      for (const { ref, score } of scores(index, word)) {
        points[ref].hits += 1;
        points[ref].sum += score;
      }
    }
    // The page itself comes before its sections, and what holds now before how it came to be.
    const weight = ({ title, kind, url }) => (WEIGHTS[kind] ?? 1) * (title.toLowerCase() === words.join(" ") ? 9 : 1) * (url.includes("#") ? 1 : 1.2);
    const most = Math.max(1, ...points.map(({ hits }) => hits));
    return points
      .flatMap(({ hits, sum }, at) => (hits === most ? [[sum * weight(entries[at]), entries[at]]] : []))
      .sort(([a], [b]) => b - a)
      .map(([, entry]) => entry);
  };
  const item = ({ title, kind, url }) => {
    const [head, page] = title.split(" · ");
    const link = Object.assign(document.createElement("a"), { href: url });
    link.append(head, Object.assign(document.createElement("small"), { textContent: page ? `${page} · ${kind}` : kind }));
    const row = document.createElement("li");
    row.append(link);
    return row;
  };
  const search = async () => {
    const loaded = await load();
    const words = input.value.toLowerCase().split(/[^\p{L}\p{N}_']+/u).filter(Boolean);
    const found = words.length ? find(loaded, words).slice(0, MOST) : [];
    list.replaceChildren(...found.map(item));
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
