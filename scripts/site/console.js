"use strict";
{
  const { document: description, options } = window.heidi;
  const isDark = () => document.getElementById("theme").getAttribute("aria-pressed") === "true";
  const forceDarkModeState = isDark() ? "dark" : "light";
  document.getElementById("console").replaceChildren(); // what Vue finds there, it tries to make its own
  Scalar.createApiReference("#console", { ...options, content: description, forceDarkModeState });
  // What is missing for screen readers; each repair takes away what made it necessary.
  const REPAIRS = [
    ["button[aria-selected]:not([role])", (button) => {
      button.setAttribute("aria-current", button.getAttribute("aria-selected"));
      button.removeAttribute("aria-selected");
    }],
    ["button.scalar-code-copy:not([aria-label])", (button) => button.setAttribute("aria-label", "Copy")],
    ["button[id^=headlessui-popover]:not([aria-label])", (button) => {
      if (!button.textContent.trim()) button.setAttribute("aria-label", "More");
    }],
    ["button[role=search]", (button) => button.removeAttribute("role")],
  ];
  new MutationObserver(() => {
    for (const [selector, repair] of REPAIRS) document.querySelectorAll(selector).forEach(repair);
  }).observe(document.body, { attributeFilter: ["aria-selected"], childList: true, subtree: true });
  // Scalar takes its mode once; what it draws follows these classes.
  addEventListener("heidi-theme", ({ detail: { dark } }) => {
    document.body.classList.toggle("dark-mode", dark);
    document.body.classList.toggle("light-mode", !dark);
  });
}
