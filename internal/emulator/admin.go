package emulator

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// maxRulesBytes is the largest document of rules that is read.
const maxRulesBytes = 1 << 20

// The paths of Handler that neither DLI nor IAM has.
const (
	FaultsPath      = "/_emulator/faults"
	NetworkPath     = "/_emulator/network"
	ConnectionsPath = "/_emulator/connections"
)

// Handler serves everything: DLI, IAM and the metadata service on their own paths,
// and FaultsHandler, NetworkHandler and ConnectionsHandler on FaultsPath, NetworkPath and
// ConnectionsPath, without credentials.
func (e *Emulator) Handler() http.Handler {
	iamHandler, faultsHandler, network, connections := e.IAM(), e.FaultsHandler(), e.NetworkHandler(), e.ConnectionsHandler()
	// A ServeMux would redirect unclean paths, which DLI's gateway rejects.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case FaultsPath:
			faultsHandler.ServeHTTP(w, r)
		case NetworkPath:
			network.ServeHTTP(w, r)
		case ConnectionsPath:
			connections.ServeHTTP(w, r)
		case iam.TokensPath, iam.SecurityKeyPath, iam.SessionPath:
			iamHandler.ServeHTTP(w, r)
		default:
			e.ServeHTTP(w, r)
		}
	})
}

// IAM serves IAM's tokens, by password and for an agency, and the temporary keys of
// the metadata service.
func (e *Emulator) IAM() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+iam.TokensPath, e.faults.Handler(faults.Operation{
		Name: faults.IAMOperation, Success: http.StatusCreated, WriteError: iam.WriteError,
		Serve:   func(w http.ResponseWriter, r *http.Request, x faults.Effects) { e.iam.CreateToken(w, r, x.Lifetime) },
		Project: func(_ *http.Request, body func() []byte) string { return iam.RequestedProject(body()) },
	}))
	mux.Handle("GET "+iam.SecurityKeyPath, e.faults.Handler(faults.Operation{
		Name: faults.MetadataOperation, Success: http.StatusOK, WriteError: iam.WriteError,
		Serve:   func(w http.ResponseWriter, r *http.Request, _ faults.Effects) { e.iam.GetSecurityKey(w, r) },
		Project: func(*http.Request, func() []byte) string { return "" },
	}))
	mux.HandleFunc("PUT "+iam.SessionPath, e.iam.CreateSession)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		iam.WriteError(w, iam.Error(http.StatusNotFound, "The resource could not be found."))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-IAM-Trace-Id", e.requestIDs.hex())
		mux.ServeHTTP(w, r)
	})
}

// FaultsHandler serves the rules on any path: GET lists them with how often each was
// seen and fired, PUT replaces them by a document for faults.Parse, DELETE removes
// them. The response has the rules after that; an invalid document is 400 with the
// field, and changes nothing.
func (e *Emulator) FaultsHandler() http.Handler {
	return rulesHandler(
		func() any { return map[string]any{"rules": e.Faults()} },
		func(document []byte) error {
			rules, err := faults.Parse(document)
			if err != nil {
				return err
			}
			return e.SetFaults(rules)
		},
		func() error { return e.SetFaults(nil) },
	)
}

// rulesHandler serves rules: GET returns them, PUT replaces them by a document, DELETE
// removes them.
func rulesHandler(get func() any, put func(document []byte) error, remove func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch r.Method {
		case http.MethodGet:
		case http.MethodDelete:
			err = remove()
		case http.MethodPut:
			var document []byte
			if document, err = readRules(w, r); err == nil {
				err = put(document)
			}
		default:
			methodNotAllowed(w, http.MethodGet, http.MethodPut, http.MethodDelete)
			return
		}
		if err != nil {
			wire.WriteJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		wire.WriteJSON(w, http.StatusOK, get())
	})
}

func readRules(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRulesBytes))
	if err != nil {
		return nil, errors.New("body: did not come whole, or is larger than 1 MiB")
	}
	return document, nil
}

// ConnectionsHandler serves on any path all connections of the project in the query,
// as in ?project=P: also those that lists do not show, without credentials and faults.
func (e *Emulator) ConnectionsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			methodNotAllowed(w, http.MethodGet)
			return
		}
		all := e.Connections(r.URL.Query().Get("project"))
		wire.WriteJSON(w, http.StatusOK, wire.ListResponse{Result: wire.Success(""), Count: len(all), Connections: wire.List(all)})
	})
}

func methodNotAllowed(w http.ResponseWriter, allowed ...string) {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	wire.WriteJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "the method is not allowed"})
}
