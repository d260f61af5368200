import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.AuthenticationApi;
import org.openapitools.client.api.SessionsApi;
import org.openapitools.client.model.ErrorResponse;
import org.openapitools.client.model.Gender;
import org.openapitools.client.model.Patient;
import org.openapitools.client.model.PatientUpdate;
import org.openapitools.client.model.Session;
import org.openapitools.client.model.SessionCreate;
import org.openapitools.client.model.SessionPage;
import org.openapitools.client.model.SessionUpdate;

/** All operations, by the client that openapi-generator writes for java.net.http. */
public final class Walk {
    private Walk() {}

    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("HEIDI_BASE_URL"));
        client.setRequestInterceptor(
                request -> request.header("Heidi-Api-Key", System.getenv("HEIDI_API_KEY")));
        AuthenticationApi authentication = new AuthenticationApi(client);
        String token = authentication.issueToken(System.getenv("HEIDI_EMAIL"), "1").getToken();
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
        SessionsApi sessions = new SessionsApi(client);

        String created =
                sessions.createSession(new SessionCreate().ehrAppointmentId("EHR1234")).getSessionId();
        String second = sessions.createSession(new SessionCreate()).getSessionId();
        PatientUpdate patient =
                new PatientUpdate().name("John Doe").gender(Gender.OTHER).dob(LocalDate.of(1990, 1, 1));
        SessionUpdate change =
                new SessionUpdate()
                        .duration(new BigDecimal("60.25"))
                        .patient(patient)
                        .clinicianNotes(List.of("Note 1", "Note 2"));
        Session updated = sessions.updateSession(created, change).getSession();
        Session read = sessions.getSession(created).getSession();
        LocalDateTime moment = Objects.requireNonNull(read.getUpdatedAt());
        if (moment.isBefore(read.getCreatedAt())) {
            throw new IllegalStateException("updated before it was created");
        }
        SessionPage first = sessions.listLinkedUserSessions(1, null);
        String next = String.valueOf(first.getNextPage().getActualInstance());
        SessionPage last = sessions.listLinkedUserSessions(1, next);
        Map<String, Object> seen = seen(read, first, last);
        seen.put("created", List.of(created, second));
        seen.put("updated", updated.getSessionId());
        seen.put("missing", missing(client));
        System.out.println(new ObjectMapper().writeValueAsString(seen));
    }

    private static String missing(ApiClient client) throws Exception {
        try {
            new SessionsApi(client).getSession("1");
            return null;
        } catch (ApiException error) {
            return client.getObjectMapper()
                    .readValue(error.getResponseBody(), ErrorResponse.class)
                    .getDetail()
                    .getType();
        }
    }

    private static Map<String, Object> seen(Session read, SessionPage first, SessionPage last) {
        Patient patient = read.getPatient();
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("read", read.getSessionId());
        seen.put("appointment", read.getEhrApptId());
        seen.put("duration", read.getDuration());
        seen.put(
                "patient",
                Arrays.asList(
                        patient.getName(), patient.getGender().getValue(), patient.getDob().toString()));
        seen.put("notes", read.getClinicianNotes());
        seen.put(
                "listed",
                Stream.of(first, last)
                        .flatMap(page -> page.getSessions().stream())
                        .map(Session::getSessionId)
                        .collect(Collectors.toList()));
        seen.put("total", last.getTotalCount());
        seen.put("more", List.of(first.getHasNextPage(), last.getHasNextPage()));
        return seen;
    }
}
