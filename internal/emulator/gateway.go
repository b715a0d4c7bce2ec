package emulator

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// An operation is a call of DLI: its RPC, its status of success, and what it does.
// An error other than a *wire.Error is a defect of the emulator.
type operation struct {
	name   string
	status int
	do     func(call) (any, error)
}

// A call is a request that has passed the gateway.
type call struct {
	project    string
	connection string // empty where the path has none
	route      string // likewise
	queue      string
	task       string
	query      url.Values
	body       []byte
	now        time.Time // in DLI's resolution
	effects    faults.Effects
}

// read reads the body into a request. Calls with a body have no query.
func (c call) read(request interface{ Check() error }) error {
	if err := wire.ReadNoQuery(c.query); err != nil {
		return err
	}
	if err := wire.ReadBody(c.body, request); err != nil {
		return err
	}
	return request.Check()
}

// ServeHTTP responds to r as DLI does.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(wire.RequestIDHeader, e.requestIDs.hex())
	w.Header().Set("Server", "api-gateway")
	// The mux would redirect an unclean path and serve HEAD as GET; the gateway has
	// only the published paths and methods.
	if p := r.URL.EscapedPath(); r.Method == http.MethodHead || r.Method == http.MethodConnect || path.Clean("/"+p) != p {
		notFound(w, r)
		return
	}
	e.mux.ServeHTTP(w, r)
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	wire.WriteError(w, wire.GatewayError(http.StatusNotFound, wire.CodeGatewayNoAPI,
		"The API does not exist or has not been published in the environment"))
}

// handler puts the rules of faults and the gateway before an operation.
func (e *Emulator) handler(op operation) http.Handler {
	serve := func(w http.ResponseWriter, r *http.Request, effects faults.Effects) {
		response, err := e.admit(w, r, op, effects)
		var rejected *wire.Error
		switch {
		case err == nil:
			wire.WriteJSON(w, op.status, response)
		case errors.As(err, &rejected):
			wire.WriteError(w, rejected)
		default:
			wire.WriteError(w, wire.Internal(err))
		}
	}
	return e.faults.Handler(faults.Operation{
		Name: op.name, Success: op.status, WriteError: wire.WriteError, Serve: serve,
		Project: func(r *http.Request, _ func() []byte) string { return r.PathValue("project_id") },
	})
}

// admit is the gateway: it limits the body, authenticates the caller over the raw
// bytes, and checks the project. Then it runs the operation.
func (e *Emulator) admit(w http.ResponseWriter, r *http.Request, op operation, effects faults.Effects) (any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBodyBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, wire.GatewayError(http.StatusRequestEntityTooLarge, wire.CodeGatewayTooLarge, "Request entity too large")
	}
	if err != nil {
		return nil, wire.Errorf(wire.CodeParameter, "The request body did not come whole.")
	}
	grant, err := e.iam.Authenticate(r, body)
	if err != nil {
		return nil, err
	}
	c := call{
		project: r.PathValue("project_id"), connection: r.PathValue("connection_id"), route: r.PathValue("name"),
		queue: r.PathValue("queue_name"), task: r.PathValue("task_id"),
		body: body, now: e.now(), effects: effects,
	}
	if !effects.Late.IsZero() {
		c.now = effects.Late.Truncate(time.Millisecond)
	}
	if err := e.checkProject(r, c.project, grant); err != nil {
		return nil, err
	}
	if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, wire.Errorf(wire.CodeParameter, "The query string is malformed.")
	}
	return op.do(c)
}

func (e *Emulator) checkProject(r *http.Request, project string, grant iam.Grant) error {
	if !wire.Word(project, 64, "") {
		return wire.Errorf(wire.CodeParameter, "project_id: 1 to 64 letters and digits are allowed.")
	}
	header := r.Header.Get("X-Project-Id")
	mismatch := e.options.Quirks.ProjectHeaderChecked && header != "" && header != project
	if mismatch || !grant.Allows(project) || !e.knownProjects.exist(project) {
		return wire.GatewayError(http.StatusForbidden, wire.CodeGatewayForbidden, "The IAM user is not authorized to access the API")
	}
	return nil
}
