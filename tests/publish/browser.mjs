// Visits pages in a real browser and says what it saw: JSON in on stdin, JSON out on stdout.
//
// In: {modules, chromium, profile, visits: [{name, url, scheme, steps}]}; a step is one of STEPS with its arguments.
// Out: for each visit {name, errors, requests, read, failure}; `read` holds what its steps returned, in order.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const { modules, chromium, profile, visits } = JSON.parse(await text(process.stdin));
const require = createRequire(`${modules}/`);
const puppeteer = require("puppeteer-core").default ?? require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const PATIENCE = 30_000; // ms; the machine may be busy

const AXE = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] };

// `more` are rules that AA does not ask for.
async function violations(page, scope, more = []) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const rules = Object.fromEntries(more.map((rule) => [rule, { enabled: true }]));
  await settled(page);
  const found = await page.evaluate((scope, options) => window.axe.run(scope, options), scope, { ...AXE, rules });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, any }) => `${id}: ${target} ${any[0]?.message ?? ""}`));
}

// A transition has neither its old look nor its new one, so it is finished first.
const settled = (page) =>
  page.evaluate(() => {
    for (const animation of document.getAnimations())
      if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
  });

async function firstContent(page) {
  const wanted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  const painted = await page.waitForFunction(wanted, { polling: 50, timeout: PATIENCE });
  return painted.jsonValue();
}

// For a form that takes a value a moment after it was typed.
async function clickUntil(page, selector, expression) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    await STEPS.click(page, selector);
    const seen = page.waitForFunction(expression, { timeout: 2000 });
    if (await seen.then(() => true, () => false)) return;
  }
  throw new Error(`never came true: ${expression}`);
}

const STEPS = {
  click: (page, selector) => page.locator(selector).setTimeout(PATIENCE).click(),
  type: (page, selector, words) => page.locator(selector).setTimeout(PATIENCE).fill(words),
  clickUntil,
  keys: (page, words) => page.keyboard.type(words),
  press: (page, key) => page.keyboard.press(key),
  scheme: (page, value) => page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]).then(() => settled(page)),
  media: (page, type) => page.emulateMediaType(type).then(() => settled(page)),
  size: (page, width, height) => page.setViewport({ width, height }),
  wait: async (page, expression) => void (await page.waitForFunction(expression, { timeout: PATIENCE })),
  screenshot: async (page, path) => void (await page.screenshot({ path })),
  // What these return is read.
  read: async (page, expression) => (await page.evaluate(expression)) ?? null,
  axe: violations,
  paint: firstContent,
};

async function visit(browser, { name, url, scheme, steps }) {
  // A context of its own: no visit sees what another one stored.
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const seen = { name, errors: [], requests: [], read: [], failure: null };
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && seen.errors.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  try {
    await page.setViewport({ width: 1280, height: 900 });
    await STEPS.scheme(page, scheme ?? "light");
    await page.goto(url, { waitUntil: "load", timeout: PATIENCE });
    for (const step of steps) {
      const value = await STEPS[step[0]](page, ...step.slice(1));
      if (value !== undefined) seen.read.push(value);
    }
  } catch (error) {
    seen.failure = String(error);
  }
  await context.close();
  return seen;
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
