"use strict";
{
  const { document: description, options, themes } = window.heidi;
  const isDark = () => document.getElementById("theme").getAttribute("aria-pressed") === "true";
  const theme = themes[isDark() ? "dark" : "light"];
  const place = document.getElementById("reference");
  place.classList.toggle("dark", isDark());
  Redoc.init(description, { ...options, theme }, place);
  // Its menu names an item by half of what it shows; without the name, all of it counts.
  new MutationObserver(() => {
    for (const item of place.querySelectorAll("[role=menuitem][aria-label]")) item.removeAttribute("aria-label");
    // A sample that is wider than its column is scrolled with the keyboard as well.
    for (const code of place.querySelectorAll("pre:not([tabindex])")) code.tabIndex = 0;
  }).observe(place, { childList: true, subtree: true });
  // Redoc takes its colours once.
  addEventListener("heidi-theme", () => location.reload());
}
