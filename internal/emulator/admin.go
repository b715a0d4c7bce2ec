package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// maxFaultsBytes is the largest document of rules that FaultsHandler reads.
const maxFaultsBytes = 1 << 20

// The paths of Handler that are the emulator's own. No path of DLI or IAM begins
// like them.
const (
	FaultsPath      = "/_emulator/faults"
	ConnectionsPath = "/_emulator/connections"
)

// Handler serves the emulator with all that belongs to it: DLI, IAM and the
// metadata service on their own paths, and FaultsHandler and ConnectionsHandler on
// FaultsPath and ConnectionsPath. Who reaches it may set faults.
func (e *Emulator) Handler() http.Handler {
	iam, faults, connections := e.IAM(), e.FaultsHandler(), e.ConnectionsHandler()
	// A ServeMux would redirect unclean paths, which DLI's gateway refuses.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case FaultsPath:
			faults.ServeHTTP(w, r)
		case ConnectionsPath:
			connections.ServeHTTP(w, r)
		case tokensPath, securityKeyPath:
			iam.ServeHTTP(w, r)
		default:
			e.ServeHTTP(w, r)
		}
	})
}

// FaultsHandler serves the rules at whatever path it is mounted: GET lists them
// with how often each has been asked and has fired, PUT replaces them by those of a
// document as ParseFaults reads it, DELETE removes them. Each answers with the
// rules as they are then; a document that is refused, 400 with the field, changes
// nothing.
func (e *Emulator) FaultsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
		case http.MethodDelete:
			e.faults.set(nil, 0)
		case http.MethodPut:
			if err := e.putFaults(w, r); err != nil {
				writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
				return
			}
		default:
			refuseMethod(w, http.MethodGet, http.MethodPut, http.MethodDelete)
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"rules": e.Faults()})
	})
}

func (e *Emulator) putFaults(w http.ResponseWriter, r *http.Request) error {
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFaultsBytes))
	if err != nil {
		return errors.New("body: did not come whole, or is larger than 1 MiB")
	}
	rules, err := ParseFaults(document)
	if err != nil {
		return err
	}
	return e.SetFaults(rules)
}

// ConnectionsHandler serves, at whatever path it is mounted, all connections of the
// project that the query names, as in ?project=P: deleted and unlisted ones too,
// without credentials and faults.
func (e *Emulator) ConnectionsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			refuseMethod(w, http.MethodGet)
			return
		}
		all := e.Connections(r.URL.Query().Get("project"))
		e.answer(w, http.StatusOK, &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true, Count: count(all), Connections: all})
	})
}

func refuseMethod(w http.ResponseWriter, allowed ...string) {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "the method is not allowed"})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, _ := json.Marshal(v) // what the emulator writes always encodes
	write(w, status, append(body, '\n'))
}
