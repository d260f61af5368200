// Drives net/http: go build golang.go && heidi-conformance client -- ./golang
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

const longest = 16 << 20 // bytes of a response

// An operation: how it is requested, the property of its response that holds the result, and how the JSON of that begins.
type operation struct {
	method, route, result string
	begins                byte
}

var operations = map[string]operation{
	"createSession":          {"POST", "/sessions", "session_id", '"'},
	"getSession":             {"GET", "/sessions/{session_id}", "session", '{'},
	"updateSession":          {"PATCH", "/sessions/{session_id}", "session", '{'},
	"listLinkedUserSessions": {"GET", "/sessions/linked-user", "sessions", '['},
}
var types = map[string]string{"SessionNotFoundError": "not_found", "NoLinkedUserException": "not_linked"}

type step struct {
	ID          int
	Operation   string
	Path, Query map[string]any
	Body        json.RawMessage
	Together    []step
}

// A failure has the kind that the protocol names, and the status where there was a response.
type failure struct {
	kind    string
	status  int
	message string
}

func (f *failure) Error() string { return f.message }

type client struct {
	http  *http.Client
	mutex sync.Mutex
	token string
	ends  time.Time
}

func newClient() *client {
	timeout, err := time.ParseDuration(os.Getenv("HEIDI_TIMEOUT") + "s")
	if err != nil {
		timeout = 30 * time.Second
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{http: &http.Client{Timeout: timeout, CheckRedirect: stay}}
}

// ask sends a request with one header for credentials, and returns the JSON of a success.
func (c *client) ask(method, path, header, credential string, body []byte) (json.RawMessage, error) {
	request, err := http.NewRequest(method, os.Getenv("HEIDI_BASE_URL")+path, bytes.NewReader(body))
	if err != nil {
		return nil, &failure{kind: "refused", message: "the URL is invalid"}
	}
	request.Header.Set(header, credential)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		// The message of a url.Error has the URL, with the email.
		return nil, &failure{kind: "unavailable", message: fmt.Sprintf("%T", errors.Unwrap(err))}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, longest+1))
	status := response.StatusCode
	kind := ""
	switch {
	case err != nil:
		kind = "unavailable"
	case status >= 400:
		kind = kindOf(status, content)
	case status >= 300 || len(content) > longest || !json.Valid(content):
		kind = "protocol"
	default:
		return content, nil
	}
	return nil, &failure{kind, status, http.StatusText(status)}
}

func kindOf(status int, content []byte) string {
	var told struct{ Detail struct{ Type string } }
	// Errors of other shapes have no type.
	_ = json.Unmarshal(content, &told)
	switch kind := types[told.Detail.Type]; {
	case kind != "":
		return kind
	case status >= 500 || status == http.StatusTooManyRequests:
		return "unavailable"
	default:
		return "refused"
	}
}

// authorize returns a token other than one that was refused. Those who wait for it share it.
func (c *client) authorize(refused string) (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.token != refused && time.Until(c.ends) > time.Second {
		return c.token, nil
	}
	user := url.Values{"email": {os.Getenv("HEIDI_EMAIL")}, "third_party_internal_id": {os.Getenv("HEIDI_THIRD_PARTY_INTERNAL_ID")}}
	content, err := c.ask("GET", "/jwt?"+user.Encode(), "Heidi-Api-Key", os.Getenv("HEIDI_API_KEY"), nil)
	if err != nil {
		return "", err
	}
	var issued struct {
		Token string
		Ends  time.Time `json:"expiration_time"`
	}
	if json.Unmarshal(content, &issued) != nil || issued.Token == "" {
		return "", &failure{kind: "protocol", message: "no token"}
	}
	c.token, c.ends = issued.Token, issued.Ends
	return c.token, nil
}

// call sends a request with a token, and once more with another where that is refused; it returns response and result.
func (c *client) call(o operation, path string, body []byte) (content, result json.RawMessage, err error) {
	token, err := c.authorize("")
	if err != nil {
		return nil, nil, err
	}
	content, err = c.ask(o.method, path, "Authorization", "Bearer "+token, body)
	var failed *failure
	if errors.As(err, &failed) && failed.status == http.StatusUnauthorized {
		if token, err = c.authorize(token); err == nil {
			content, err = c.ask(o.method, path, "Authorization", "Bearer "+token, body)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	var properties map[string]json.RawMessage
	_ = json.Unmarshal(content, &properties)
	result = properties[o.result]
	if len(result) == 0 || result[0] != o.begins {
		return nil, nil, &failure{kind: "protocol", message: "no " + o.result}
	}
	return content, result, nil
}

func (c *client) list(o operation, path string, query url.Values) ([]json.RawMessage, error) {
	items, seen := []json.RawMessage{}, map[string]bool{}
	for {
		content, result, err := c.call(o, path+"?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		var found []json.RawMessage
		var page struct {
			Next any `json:"next_page"`
		}
		if decode(content, &page) != nil || decode(result, &found) != nil {
			return nil, &failure{kind: "protocol", message: "no page"}
		}
		items = append(items, found...)
		if page.Next == nil {
			return items, nil
		}
		next := fmt.Sprint(page.Next)
		if seen[next] {
			return nil, &failure{kind: "protocol", message: "the same page again"}
		}
		seen[next] = true
		query.Set("page", next)
	}
}

// decode reads JSON, and keeps the digits of numbers.
func decode(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	return decoder.Decode(into)
}

func (c *client) do(s step) (any, error) {
	o, known := operations[s.Operation]
	if !known {
		return nil, &failure{kind: "unsupported"}
	}
	path, query := o.route, url.Values{}
	for name, value := range s.Path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(fmt.Sprint(value)))
	}
	for name, value := range s.Query {
		query.Set(name, fmt.Sprint(value))
	}
	if o.begins == '[' {
		return c.list(o, path, query)
	}
	content, _, err := c.call(o, path, s.Body)
	return content, err
}

func (c *client) run(s step) map[string]any {
	value, err := c.do(s)
	var failed *failure
	if errors.As(err, &failed) {
		return map[string]any{"id": s.ID, "error": failed.kind, "message": failed.message}
	}
	return map[string]any{"id": s.ID, "value": value}
}

func main() {
	input, output := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	input.UseNumber()
	output.Encode(map[string]any{"protocol": 1, "client": "net/http of " + runtime.Version()})
	c := newClient()
	for {
		var line step
		if input.Decode(&line) != nil {
			return
		}
		steps := line.Together
		if steps == nil {
			steps = []step{line}
		}
		results := make([]map[string]any, len(steps))
		var group sync.WaitGroup
		for number, each := range steps {
			group.Add(1)
			go func() {
				defer group.Done()
				results[number] = c.run(each)
			}()
		}
		group.Wait()
		for _, result := range results {
			output.Encode(result)
		}
	}
}
