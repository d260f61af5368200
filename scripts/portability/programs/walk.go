// All operations, by the client that openapi-generator writes for Go.
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
	client := heidi.NewAPIClient(configuration)
	key := map[string]heidi.APIKey{"heidiApiKey": {Key: os.Getenv("HEIDI_API_KEY")}}
	ctx := context.WithValue(context.Background(), heidi.ContextAPIKeys, key)
	request := client.AuthenticationAPI.IssueToken(ctx).Email(os.Getenv("HEIDI_EMAIL"))
	token := must(request.ThirdPartyInternalId("1").Execute()).Token
	sessions := client.SessionsAPI
	ctx = context.WithValue(context.Background(), heidi.ContextAccessToken, token)

	create := heidi.NewSessionCreate()
	create.SetEhrAppointmentId("EHR1234")
	created := must(sessions.CreateSession(ctx).SessionCreate(*create).Execute()).SessionId

	second := must(sessions.CreateSession(ctx).SessionCreate(*heidi.NewSessionCreate()).Execute()).SessionId

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
	first := must(sessions.ListLinkedUserSessions(ctx).PageSize(1).Execute())
	next := *first.NextPage.Get().String
	last := must(sessions.ListLinkedUserSessions(ctx).PageSize(1).Page(next).Execute())
	listed := []string{}
	for _, session := range append(first.Sessions, last.Sessions...) {
		listed = append(listed, session.SessionId)
	}
	seen, err := json.Marshal(map[string]any{
		"created":     []string{created, second},
		"updated":     updated.SessionId,
		"read":        read.SessionId,
		"appointment": read.EhrApptId.Get(),
		"duration":    read.Duration,
		"patient":     []any{read.Patient.Name, read.Patient.Gender.Get(), read.Patient.Dob.Get()},
		"notes":       read.ClinicianNotes,
		"listed":      listed,
		"total":       last.TotalCount,
		"more":        []bool{first.HasNextPage, last.HasNextPage},
		"missing":     missing(sessions, ctx),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(seen))
}
