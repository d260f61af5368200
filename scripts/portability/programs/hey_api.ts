// All operations, by the client that @hey-api/openapi-ts writes.
import {
  createSession,
  getSession,
  issueToken,
  listLinkedUserSessions,
  updateSession,
  type SessionUpdate,
} from "./generated";
import { client } from "./generated/client.gen";

let token = "";
client.setConfig({
  baseUrl: process.env["HEIDI_BASE_URL"] ?? "",
  auth: ({ type }) => (type === "apiKey" ? process.env["HEIDI_API_KEY"] ?? "" : token),
});

async function main(): Promise<void> {
  const user = { email: process.env["HEIDI_EMAIL"] ?? "", third_party_internal_id: "1" };
  token = (await issueToken({ query: user, throwOnError: true })).data.token;
  const { data: created } = await createSession({
    body: { ehr_appointment_id: "EHR1234" },
    throwOnError: true,
  });
  const { data: second } = await createSession({ throwOnError: true });
  const path = { session_id: created.session_id };
  const body: SessionUpdate = {
    duration: 60.25,
    patient: { name: "John Doe", gender: "OTHER", dob: "1990-01-01" },
    clinician_notes: ["Note 1", "Note 2"],
  };
  const { data: updated } = await updateSession({ path, body, throwOnError: true });
  const { data: envelope } = await getSession({ path, throwOnError: true });
  const list = async (query: { page_size: number; page?: string | number }) =>
    (await listLinkedUserSessions({ query, throwOnError: true })).data;
  const first = await list({ page_size: 1 });
  const last = await list({ page_size: 1, page: first.next_page ?? "" });
  const { error: missing } = await getSession({ path: { session_id: "1" } });
  const read = envelope.session;
  const { name, gender, dob } = read.patient;
  console.log(
    JSON.stringify({
      created: [created.session_id, second.session_id],
      updated: updated.session.session_id,
      read: read.session_id,
      appointment: read.ehr_appt_id,
      duration: read.duration,
      patient: [name, gender, dob],
      notes: read.clinician_notes,
      listed: [...first.sessions, ...last.sessions].map((session) => session.session_id),
      total: last.total_count,
      more: [first.has_next_page, last.has_next_page],
      missing: missing?.detail.type,
    }),
  );
}

void main();
