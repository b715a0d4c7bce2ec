package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/connsvc/connsvc/gen/openapi"
	"github.com/connsvc/connsvc/test/dlirest"
)

// An apiDocument is the OpenAPI document, which each REST call of the suite is compared with.
type apiDocument struct {
	*openapi3.T
	paths   map[string]*regexp.Regexp
	excused map[string]bool // those of excuses that were needed
}

var pathParameter = regexp.MustCompile(`\\\{(\w+)\\\}`)

func loadDocument(t *testing.T) *apiDocument {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Components.Schemas {
		closeSchema(s)
	}
	d := &apiDocument{doc, map[string]*regexp.Regexp{}, map[string]bool{}}
	for path := range doc.Paths.Map() {
		d.paths[path] = regexp.MustCompile("^" + pathParameter.ReplaceAllString(regexp.QuoteMeta(path), "(?P<$1>[^/]+)") + "$")
	}
	return d
}

// closeSchema forbids properties that a schema does not list: clients must accept them, but
// this version must not send them.
func closeSchema(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" {
		return
	}
	s := ref.Value
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil {
		s.AdditionalProperties.Has = new(false)
	}
	for _, property := range s.Properties {
		closeSchema(property)
	}
	closeSchema(s.Items)
}

// input returns a request as the validators want it; its Route is nil if the document has
// no such operation.
func (d *apiDocument) input(t *testing.T, r *dlirest.Request, header http.Header) *openapi3filter.RequestValidationInput {
	t.Helper()
	path, query, _ := strings.Cut(r.Target(), "?")
	request, err := http.NewRequestWithContext(t.Context(), r.Method, "http://connsvc", bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	request.URL.RawQuery = query
	request.Header = header.Clone()
	request.Header.Set("Content-Type", "application/json")
	in := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: map[string]string{},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	for template, matcher := range d.paths {
		m := matcher.FindStringSubmatch(path)
		item := d.Paths.Value(template)
		if op := item.GetOperation(r.Method); m != nil && op != nil {
			in.Route = &routers.Route{Spec: d.T, Path: template, PathItem: item, Method: r.Method, Operation: op}
			for i, name := range matcher.SubexpNames() {
				in.PathParams[name], _ = url.PathUnescape(m[i])
			}
		}
	}
	return in
}

// check compares a call with the document: what connsvc answers is documented, what it
// rejects by a rule is not valid, and what it accepts is.
func (d *apiDocument) check(t *testing.T, c *contractCase, r *dlirest.Request, sent *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	in := d.input(t, r, sent.Header)
	switch {
	case r.Method == http.MethodHead: // GET without its body
		return
	case in.Route == nil:
		d.checkError(t, body)
		return
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: in.Options,
	}
	if err := openapi3filter.ValidateResponse(context.Background(), answer.SetBodyBytes(body)); err != nil {
		t.Errorf("the response is not as documented: %.2000v", err)
	}
	accepted := c.Want.Reason == ""
	if rejected := c.Want.Reason == "VALIDATION_FAILED" && len(c.Upstream) == 0; !accepted && !rejected {
		return
	}
	if err := openapi3filter.ValidateRequest(context.Background(), in); accepted != (err == nil) && d.excuse(c) == "" {
		t.Errorf("the service accepts the request: %t, the document: %.2000v", accepted, err)
	}
}

// excuses are the cases where service and document differ about a request, and why.
var excuses = map[string]string{
	"a byte order mark, with":                "accepted, though JSON has none",
	"null for all that may be absent":        "accepted, but not what new clients should send",
	"create as Terraform sends it":           "null, too",
	"clear hosts over REST":                  "null, too",
	"status in":                              "words in any case of letters are accepted, too",
	"empty parameters are absent":            "they are accepted, too",
	"the tag of a request_id, from a caller": "its key is the operator's to choose",
	"a key twice":                            "JSON Schema does not compare the keys of a list",
	"twice the same key":                     "JSON Schema does not compare the keys of a list",
	"offset and page token":                  "OpenAPI has no rule about two parameters",
	"a query that cannot be / an unknown":    "OpenAPI has no rule about other parameters",
	"a query that cannot be / a parameter":   "OpenAPI has no rule about repeated parameters",
	"a query that cannot be / the project":   "OpenAPI has no rule about other parameters",
	"a query that cannot be / a bad escape":  "not a URL",
	"a query that cannot be / a semicolon":   "not a URL",
	"a query that cannot be / no UTF-8":      "not a text",
	"a query where none belongs":             "OpenAPI has no rule about other parameters",
}

func (d *apiDocument) excuse(c *contractCase) string {
	for part, why := range excuses {
		if strings.Contains(c.Name, part) {
			d.excused[part] = true
			return why
		}
	}
	return ""
}

// checkExcuses checks that no excuse is left over.
func (d *apiDocument) checkExcuses(t *testing.T) {
	t.Helper()
	for part, why := range excuses {
		if !d.excused[part] {
			t.Errorf("service and document agree about %q, but it is excused: %s", part, why)
		}
	}
}

// checkError checks the error of a request that is no operation's.
func (d *apiDocument) checkError(t *testing.T, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	if err := d.ValidateSchemaJSON(d.Components.Schemas["Error"].Value, value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("the error is not as documented: %v", err)
	}
}
