// The four operations, by the client that @hey-api/openapi-ts writes.
import {
  createSession,
  getSession,
  listLinkedUserSessions,
  updateSession,
  type SessionUpdate,
} from "./generated";
import { client } from "./generated/client.gen";

client.setConfig({
  baseUrl: process.env["HEIDI_BASE_URL"] ?? "",
  auth: () => process.env["HEIDI_TOKEN"] ?? "",
});

async function main(): Promise<void> {
  const { data: created } = await createSession({
    body: { ehr_appointment_id: "EHR1234" },
    throwOnError: true,
  });
  const path = { session_id: created.session_id };
  const body: SessionUpdate = {
    duration: 60.25,
    patient: { name: "John Doe", gender: "OTHER", dob: "1990-01-01" },
    clinician_notes: ["Note 1", "Note 2"],
  };
  const { data: updated } = await updateSession({ path, body, throwOnError: true });
  const { data: envelope } = await getSession({ path, throwOnError: true });
  const { data: page } = await listLinkedUserSessions({
    query: { page_size: 1 },
    throwOnError: true,
  });
  const { error: missing } = await getSession({ path: { session_id: "1" } });
  const read = envelope.session;
  const { name, gender, dob } = read.patient;
  console.log(
    JSON.stringify({
      created: created.session_id,
      updated: updated.session.session_id,
      read: read.session_id,
      ehr_appt_id: read.ehr_appt_id,
      duration: read.duration,
      patient: [name, gender, dob],
      clinician_notes: read.clinician_notes,
      listed: page.sessions.map((session) => session.session_id),
      total_count: page.total_count,
      has_next_page: page.has_next_page,
      missing: missing?.detail.type,
    }),
  );
}

void main();
