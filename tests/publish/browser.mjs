// Visits pages in a real browser and says what it saw: JSON in on stdin, JSON out on stdout.
//
// In: {modules, chromium, profile, visits: [{name, url, width, height, scheme, media, storage, steps, axe, screenshot, pdf}]}
// A step is [what, ...]: click selector | type selector text | press key | wait expression | read expression.
// Out: for each visit {name, errors, requests, read, violations, paint}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const { modules, chromium, profile, visits } = JSON.parse(await text(process.stdin));
const require = createRequire(`${modules}/`);
const puppeteer = require("puppeteer-core").default ?? require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const PATIENCE = 30_000; // ms; the machine may be busy

const STEPS = {
  click: (page, selector) => page.locator(selector).setTimeout(PATIENCE).click(),
  type: (page, selector, words) => page.type(selector, words),
  press: (page, key) => page.keyboard.press(key),
  wait: (page, expression) => page.waitForFunction(expression, { timeout: PATIENCE }),
  read: (page, expression) => page.evaluate(expression),
};

async function visit(browser, wanted) {
  // A context of its own: no visit sees what another one stored.
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const [errors, requests, read] = [[], [], []];
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.setViewport({ width: wanted.width ?? 1280, height: wanted.height ?? 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: wanted.scheme ?? "light" }]);
  await page.emulateMediaType(wanted.media ?? "screen");
  await page.goto(wanted.url, { waitUntil: "load", timeout: PATIENCE });
  for (const [what, ...values] of wanted.steps ?? []) {
    const value = await STEPS[what](page, ...values);
    if (what === "read") read.push(value ?? null);
  }
  const painted = await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime, { polling: 50, timeout: PATIENCE });
  const paint = await painted.jsonValue();
  if (wanted.screenshot) await page.screenshot({ path: wanted.screenshot, fullPage: wanted.full ?? false });
  if (wanted.pdf) await page.pdf({ path: wanted.pdf, format: "A4" });
  const violations = wanted.axe ? await judge(page, wanted.axe) : [];
  await context.close();
  return { name: wanted.name, errors, requests, read, violations, paint };
}

async function judge(page, scope) {
  await page.evaluate(axe);
  const found = await page.evaluate(
    (scope) => window.axe.run(scope, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }),
    scope,
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.any[0]?.message ?? ""}`));
}

const browser = await puppeteer.launch({
  executablePath: chromium,
  userDataDir: profile,
  args: "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" "),
});
try {
  const seen = [];
  for (const wanted of visits) seen.push(await visit(browser, wanted));
  process.stdout.write(JSON.stringify(seen));
} finally {
  await browser.close();
}
