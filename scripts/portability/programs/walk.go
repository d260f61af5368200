// The four operations, by the client that openapi-generator writes for Go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	heidi "walk/generated"
)

func must[T any](value T, response any, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func missing(sessions *heidi.SessionsAPIService, ctx context.Context) string {
	_, _, err := sessions.GetSession(ctx, "1").Execute()
	var failure *heidi.GenericOpenAPIError
	if !errors.As(err, &failure) {
		return ""
	}
	model, _ := failure.Model().(heidi.ErrorResponse)
	return model.Detail.Type
}

func main() {
	configuration := heidi.NewConfiguration()
	configuration.Servers = heidi.ServerConfigurations{{URL: os.Getenv("HEIDI_BASE_URL")}}
	sessions := heidi.NewAPIClient(configuration).SessionsAPI
	ctx := context.WithValue(context.Background(), heidi.ContextAccessToken, os.Getenv("HEIDI_TOKEN"))

	create := heidi.NewSessionCreate()
	create.SetEhrAppointmentId("EHR1234")
	created := must(sessions.CreateSession(ctx).SessionCreate(*create).Execute()).SessionId

	patient := heidi.NewPatientUpdate()
	patient.SetName("John Doe")
	patient.SetGender(heidi.OTHER)
	patient.SetDob("1990-01-01")
	change := heidi.NewSessionUpdate()
	change.SetDuration(60.25)
	change.SetPatient(*patient)
	change.SetClinicianNotes([]string{"Note 1", "Note 2"})
	updated := must(sessions.UpdateSession(ctx, created).SessionUpdate(*change).Execute()).Session

	read := must(sessions.GetSession(ctx, created).Execute()).Session
	page := must(sessions.ListLinkedUserSessions(ctx).PageSize(1).Execute())
	listed := []string{}
	for _, session := range page.Sessions {
		listed = append(listed, session.SessionId)
	}
	seen, err := json.Marshal(map[string]any{
		"created":         created,
		"updated":         updated.SessionId,
		"read":            read.SessionId,
		"ehr_appt_id":     read.EhrApptId.Get(),
		"duration":        read.Duration,
		"patient":         []any{read.Patient.Name, read.Patient.Gender.Get(), read.Patient.Dob.Get()},
		"clinician_notes": read.ClinicianNotes,
		"listed":          listed,
		"total_count":     page.TotalCount,
		"has_next_page":   page.HasNextPage,
		"missing":         missing(sessions, ctx),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(seen))
}
