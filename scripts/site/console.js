"use strict";
{
  const { document: description, options } = window.heidi;
  const isDark = () => document.getElementById("theme").getAttribute("aria-pressed") === "true";
  const configuration = () => ({ ...options, content: description, forceDarkModeState: isDark() ? "dark" : "light" });
  document.getElementById("console").replaceChildren(); // what Vue finds there, it tries to make its own
  const drawn = Scalar.createApiReference("#console", configuration());
  addEventListener("heidi-theme", () => drawn.updateConfiguration(configuration()));
}
