// The four operations, by openapi-fetch on the types of openapi-typescript.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/api";

const client = createClient<paths>({
  baseUrl: process.env["HEIDI_BASE_URL"] ?? "",
  headers: { Authorization: `Bearer ${process.env["HEIDI_TOKEN"] ?? ""}` },
});

function answer<T>({ data, error }: { data?: T; error?: components["schemas"]["ErrorResponse"] }): T {
  if (data === undefined) throw new Error(error?.detail.type ?? "no answer");
  return data;
}

async function main(): Promise<void> {
  const created = answer(
    await client.POST("/sessions", { body: { ehr_appointment_id: "EHR1234" } }),
  );
  const path = { session_id: created.session_id };
  const change: components["schemas"]["SessionUpdate"] = {
    duration: 60.25,
    patient: { name: "John Doe", gender: "OTHER", dob: "1990-01-01" },
    clinician_notes: ["Note 1", "Note 2"],
  };
  const updated = answer(
    await client.PATCH("/sessions/{session_id}", { params: { path }, body: change }),
  ).session;
  const read = answer(await client.GET("/sessions/{session_id}", { params: { path } })).session;
  const page = answer(
    await client.GET("/sessions/linked-user", { params: { query: { page_size: 1 } } }),
  );
  const missing = await client.GET("/sessions/{session_id}", {
    params: { path: { session_id: "1" } },
  });
  const { name, gender, dob } = read.patient;
  console.log(
    JSON.stringify({
      created: created.session_id,
      updated: updated.session_id,
      read: read.session_id,
      ehr_appt_id: read.ehr_appt_id,
      duration: read.duration,
      patient: [name, gender, dob],
      clinician_notes: read.clinician_notes,
      listed: page.sessions.map((session) => session.session_id),
      total_count: page.total_count,
      has_next_page: page.has_next_page,
      missing: missing.error?.detail.type,
    }),
  );
}

void main();
