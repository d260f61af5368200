"use strict";
{
  const { document: description, options } = window.heidi;
  const isDark = () => document.getElementById("theme").getAttribute("aria-pressed") === "true";
  const forceDarkModeState = isDark() ? "dark" : "light";
  document.getElementById("console").replaceChildren(); // what Vue finds there, it tries to make its own
  Scalar.createApiReference("#console", { ...options, content: description, forceDarkModeState });
  // Scalar takes its mode once; what it draws follows these classes.
  addEventListener("heidi-theme", ({ detail: { dark } }) => {
    document.body.classList.toggle("dark-mode", dark);
    document.body.classList.toggle("light-mode", !dark);
  });
}
