// Drives plain fetch: heidi-conformance client -- node typescript.mts (Node 22.18 or newer).
import { createInterface } from "node:readline";

type Json = any;
const env = (name: string): string => process.env[`HEIDI_${name}`] ?? "";
const base = env("BASE_URL");
const operations: Record<string, [method: string, route: string]> = {
  createSession: ["POST", "/sessions"],
  getSession: ["GET", "/sessions/{session_id}"],
  updateSession: ["PATCH", "/sessions/{session_id}"],
  listLinkedUserSessions: ["GET", "/sessions/linked-user"],
};
const types: Record<string, string> = { SessionNotFoundError: "not_found", NoLinkedUserException: "not_linked" };
class Failed extends Error {
  kind: string;
  constructor(kind: string, message: unknown) {
    super(String(message));
    this.kind = kind;
  }
}

async function ask(url: string, method: string, headers: Record<string, string>, body?: Json): Promise<Json> {
  const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" } };
  const signal = AbortSignal.timeout(1000 * Number(env("TIMEOUT") || 30));
  const read = async () => {
    const response = await fetch(url, { method, headers, redirect: "manual", signal, ...content });
    return { status: response.status, text: await response.text() };
  };
  const { status, text } = await read().catch((error) => { throw new Failed("unavailable", error.name); });
  let value: Json;
  try { value = JSON.parse(text); } catch { value = undefined; }
  if (status >= 400) {
    const kind = status >= 500 || status === 429 ? "unavailable" : "refused";
    throw new Failed(types[value?.detail?.type] ?? kind, status);
  }
  if (status >= 300 || value === undefined) throw new Failed("protocol", status);
  return value;
}

// One token for all steps, renewed a little before it ends and after a 401.
let token: Promise<{ token: string; expiration_time: string }> | undefined;
async function authorization(): Promise<Record<string, string>> {
  if (token && Date.parse((await token).expiration_time) < Date.now() + 1000) token = undefined;
  const user = new URLSearchParams({ email: env("EMAIL"), third_party_internal_id: env("THIRD_PARTY_INTERNAL_ID") });
  token ??= ask(`${base}/jwt?${user}`, "GET", { "Heidi-Api-Key": env("API_KEY") });
  token.catch(() => { token = undefined; });
  const bearer = (await token)?.token;
  if (typeof bearer === "string") return { Authorization: `Bearer ${bearer}` };
  token = undefined;
  throw new Failed("protocol", "no token");
}

async function call(url: string, method: string, body?: Json): Promise<Json> {
  const headers = await authorization();
  const used = token;
  return ask(url, method, headers, body).catch(async (error: Failed) => {
    if (error.message !== "401") throw error;
    if (token === used) token = undefined;
    return ask(url, method, await authorization(), body);
  });
}

async function run(step: Json): Promise<Json> {
  if (!(step.operation in operations)) return { id: step.id, error: "unsupported" };
  const [method, route] = operations[step.operation];
  const url = base + route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(step.path[name]));
  try {
    if (step.operation !== "listLinkedUserSessions") return { id: step.id, value: await call(url, method, step.body) };
    const items: Json[] = [];
    const query: Record<string, string> = { ...step.query };
    for (const seen = new Set(); ; seen.add(query.page)) {
      const page = await call(`${url}?${new URLSearchParams(query)}`, method);
      items.push(...page.sessions);
      if (page.next_page === null) return { id: step.id, value: items };
      query.page = String(page.next_page);
      if (seen.has(query.page)) throw new Failed("protocol", "the same page again");
    }
  } catch (error) {
    const kind = error instanceof Failed ? error.kind : "protocol";
    return { id: step.id, error: kind, message: error instanceof Failed ? error.message : "unreadable" };
  }
}

console.log(JSON.stringify({ protocol: 1, client: `fetch of Node ${process.versions.node}` }));
for await (const line of createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  for (const result of await Promise.all((step.together ?? [step]).map(run))) console.log(JSON.stringify(result));
}
