// All operations, by openapi-fetch on the types of openapi-typescript.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/api";

const client = createClient<paths>({ baseUrl: process.env["HEIDI_BASE_URL"] ?? "" });

function data<T>(found: { data?: T; error?: components["schemas"]["ErrorResponse"] }): T {
  if (found.data === undefined) throw new Error(found.error?.detail.type ?? "no response");
  return found.data;
}

async function main(): Promise<void> {
  const user = { email: process.env["HEIDI_EMAIL"] ?? "", third_party_internal_id: "1" };
  const issued = await client.GET("/jwt", {
    params: { query: user },
    headers: { "Heidi-Api-Key": process.env["HEIDI_API_KEY"] ?? "" },
  });
  const authorization = `Bearer ${data(issued).token}`;
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", authorization);
      return request;
    },
  });
  const body = { ehr_appointment_id: "EHR1234" };
  const created = data(await client.POST("/sessions", { body })).session_id;
  const second = data(await client.POST("/sessions")).session_id;
  const path = { session_id: created };
  const change: components["schemas"]["SessionUpdate"] = {
    duration: 60.25,
    patient: { name: "John Doe", gender: "OTHER", dob: "1990-01-01" },
    clinician_notes: ["Note 1", "Note 2"],
  };
  const updated = data(
    await client.PATCH("/sessions/{session_id}", { params: { path }, body: change }),
  ).session;
  const read = data(await client.GET("/sessions/{session_id}", { params: { path } })).session;
  const list = async (query: { page_size: number; page?: string | number }) =>
    data(await client.GET("/sessions/linked-user", { params: { query } }));
  const first = await list({ page_size: 1 });
  const last = await list({ page_size: 1, page: first.next_page ?? "" });
  const missing = await client.GET("/sessions/{session_id}", {
    params: { path: { session_id: "1" } },
  });
  const { name, gender, dob } = read.patient;
  console.log(
    JSON.stringify({
      created: [created, second],
      updated: updated.session_id,
      read: read.session_id,
      appointment: read.ehr_appt_id,
      duration: read.duration,
      patient: [name, gender, dob],
      notes: read.clinician_notes,
      listed: [...first.sessions, ...last.sessions].map((session) => session.session_id),
      total: last.total_count,
      more: [first.has_next_page, last.has_next_page],
      missing: missing.error?.detail.type,
    }),
  );
}

void main();
