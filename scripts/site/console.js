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
    ["[role=combobox][contenteditable]:not([aria-expanded])", (field) => {
      field.setAttribute("role", "textbox");
      field.setAttribute("aria-label", field.getAttribute("aria-label").replace("undefined ", ""));
    }],
    ["tr input[type=checkbox]:not([aria-label])", (box) => box.setAttribute("aria-label", "Send this row")],
    ["button.show-more[aria-label]", (button) => button.removeAttribute("aria-label")],
    [".cm-content:not([aria-label])", (text) => text.setAttribute("aria-label", "Body")],
    [".cm-scroller:not([tabindex='0'])", (place) => { place.tabIndex = 0; }],
    ["button[class*=copy-button][aria-controls]", (button) => button.removeAttribute("aria-controls")],
    ["button[role=none], button[role=search], li[role=status]", (element) => element.removeAttribute("role")],
  ];
  new MutationObserver(() => {
    for (const [selector, repair] of REPAIRS) document.querySelectorAll(selector).forEach(repair);
  }).observe(document.body, { attributeFilter: ["aria-selected"], childList: true, subtree: true });
  // Scalar takes its mode once; what it draws follows these classes, which it sets back when the system changes.
  const follow = () => {
    document.body.classList.toggle("dark-mode", isDark());
    document.body.classList.toggle("light-mode", !isDark());
  };
  addEventListener("heidi-theme", follow);
  new MutationObserver(follow).observe(document.body, { attributeFilter: ["class"] });
}
