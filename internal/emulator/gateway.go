package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/dlijson"
)

const (
	requestIDHeader = "X-Request-Id"

	// maxBodyBytes is the largest body that the API gateway lets pass: 12 MB.
	maxBodyBytes = 12 << 20

	projectIDField    = "project_id"
	connectionIDField = "connection_id"
)

// An operation is one call of DLI: its RPC, its success code, and what it does. An
// error that is no *refusal is a defect of the emulator.
type operation struct {
	name   string
	status int
	do     func(call) (proto.Message, error)
}

// A call is a request that has passed the gateway.
type call struct {
	project    string
	connection string // empty where the path has none
	route      string // likewise
	query      url.Values
	body       []byte
	effects    effects
}

// ServeHTTP answers r as DLI does.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(requestIDHeader, e.requestIDs.hex())
	w.Header().Set("Server", "api-gateway")
	// The mux would redirect an unclean path and answer HEAD by GET; the gateway
	// has only the paths and methods that were published.
	if p := r.URL.EscapedPath(); r.Method == http.MethodHead || r.Method == http.MethodConnect || path.Clean("/"+p) != p {
		e.refuseUnknownPath(w, r)
		return
	}
	e.mux.ServeHTTP(w, r)
}

func (e *Emulator) refuseUnknownPath(w http.ResponseWriter, _ *http.Request) {
	e.answerRefusal(w, gatewayRefusal(http.StatusNotFound, codeGatewayNoAPI,
		"The API does not exist or has not been published in the environment"))
}

// gate is what the API gateway does in front of an operation: it bounds the body,
// authenticates the caller over the bytes as they came, and checks the project.
func (e *Emulator) gate(op operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := e.admit(w, r, op)
		var f *refusal
		switch {
		case err == nil:
			e.answer(w, op.status, m)
		case errors.As(err, &f):
			e.answerRefusal(w, f)
		default:
			e.answerRefusal(w, defect(err))
		}
	})
}

func (e *Emulator) admit(w http.ResponseWriter, r *http.Request, op operation) (proto.Message, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, gatewayRefusal(http.StatusRequestEntityTooLarge, codeGatewayTooLarge, "Request entity too large")
	}
	if err != nil {
		return nil, refuse(codeParameter, "The request body did not come whole.")
	}
	may, err := e.authenticate(r, body)
	if err != nil {
		return nil, err
	}
	c := call{
		project: r.PathValue(projectIDField), connection: r.PathValue(connectionIDField), route: r.PathValue("name"),
		body: body, effects: effectsOf(r.Context()),
	}
	if err := e.checkProject(r, c.project, may); err != nil {
		return nil, err
	}
	if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, refuse(codeParameter, "The query string is malformed.")
	}
	return op.do(c)
}

func (e *Emulator) checkProject(r *http.Request, project string, may grant) error {
	if !word(project, 64, "") {
		return refuse(codeParameter, "project_id: 1 to 64 letters and digits are allowed.")
	}
	header := r.Header.Get("X-Project-Id")
	mismatch := e.options.Quirks.ProjectHeaderChecked && header != "" && header != project
	if mismatch || !may.allows(project) || !e.knownProjects.exist(project) {
		return gatewayRefusal(http.StatusForbidden, codeGatewayForbidden, "The IAM user is not authorized to access the API")
	}
	return nil
}

// decodeBody reads the body into m, strictly. The fields that omit names are none
// of DLI's body: the path has them, or the proto alone. A call with a body has no
// query.
func (c call) decodeBody(m proto.Message, omit ...protoreflect.Name) error {
	if err := c.decodeQuery(m); err != nil {
		return err
	}
	return parameterRefusal(dlijson.DecodeRequest(bytes.NewReader(c.body), m, omit...))
}

// decodeQuery reads the query into the given fields of m, strictly. It passes over
// a body, to which GET and DELETE give no meaning.
func (c call) decodeQuery(m proto.Message, fields ...protoreflect.FieldDescriptor) error {
	return parameterRefusal(dlijson.DecodeQuery(c.query, m, fields))
}

func parameterRefusal(err error) error {
	var malformed *dlijson.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &malformed):
		return refuse(codeParameter, "Parameter check errors occur. %s", malformed)
	default:
		return fmt.Errorf("reading the request: %w", err)
	}
}
