// Package contract_test checks connsvc's contract: each case of testdata is one call
// over gRPC and over REST to the service as the command wires it, in front of a DLI that
// follows a script. A new case is data, not code.
//
// The expected requests come from package dlirest, which is written from DLI's documents,
// and the expected responses from the cases.
package contract_test

import (
	"encoding/json"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/httprule"
	"github.com/connsvc/connsvc/test/dlirest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	cases := load(t)
	var rows map[string]mapRow
	loadOne(t, "testdata/error_map.yaml", &rows)
	all, document := stages{}, loadDocument(t)
	plays := 0
	for _, c := range cases {
		row, ok := rows[c.Want.Reason]
		if c.Want.Reason != "" && !ok {
			t.Errorf("%s: %q wants the reason %s, which error_map.yaml does not have", c.file, c.Name, c.Want.Reason)
			continue
		}
		s := all.of(t, c)
		s.document = document
		for _, p := range c.plays(t) {
			plays++
			t.Run(c.file+"/"+c.Name+"/"+p.api, func(t *testing.T) {
				release := s.occupy(t, c)
				defer release()
				s.dli.begin(c.script(t, c.Upstream), c.script(t, c.Then))
				p.play(t, s, row)
				for _, mismatch := range s.dli.end() {
					t.Errorf("DLI %s", mismatch)
				}
			})
		}
	}
	document.checkExcuses(t)
	t.Logf("%d cases, %d calls", len(cases), plays)
}

// A play is one call of a case.
type play struct {
	api  string
	play func(t *testing.T, s *stage, row mapRow)
}

// plays returns the calls of a case: over gRPC, and in each of its REST forms.
func (c *contractCase) plays(t *testing.T) []play {
	t.Helper()
	var plays []play
	if c.Only != "rest" {
		plays = append(plays, play{"grpc", c.playGRPC})
	}
	if c.Only == "grpc" {
		return plays
	}
	if c.REST != nil {
		r := &dlirest.Request{Method: c.REST.Method, Path: c.REST.Path, Body: bodyOf(c.REST.Body, c.REST.Text, c.REST.Hex)}
		return append(plays, play{"rest", func(t *testing.T, s *stage, row mapRow) { c.playREST(t, s, row, r) }})
	}
	for _, o := range operationsOf(t, c.RPC) {
		r := requestOf(t, o, c.Request)
		plays = append(plays, play{"rest " + o.Method + o.Path, func(t *testing.T, s *stage, row mapRow) { c.playREST(t, s, row, r) }})
	}
	return plays
}

// uncovered are the reasons that no case can have: their feature does not exist yet, or
// no caller reads them.
var uncovered = map[connsvcv1.ErrorReason]string{
	connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED: "never sent",
	connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED:   "callers are not authenticated yet",
	connsvcv1.ErrorReason_POLICY_DENIED:            "there is no policy yet",
	connsvcv1.ErrorReason_CALLER_QUOTA:             "callers have no quota yet",
	connsvcv1.ErrorReason_CALLER_CANCELLED:         "the caller is gone",
	connsvcv1.ErrorReason_INTERNAL:                 "a defect: none is known",
	connsvcv1.ErrorReason_REQUEST_TIMEOUT:          "needs a caller that sends slowly",
	connsvcv1.ErrorReason_CONCURRENT_CHANGE:        "no operation of DLI has it",
	connsvcv1.ErrorReason_REPLACE_NEEDED:           "no operation of DLI has it",
	connsvcv1.ErrorReason_NAME_AMBIGUOUS:           "no operation of DLI has it",
	connsvcv1.ErrorReason_EMPTY_NOT_ALLOWED:        "no operation of DLI has it",
}

// TestCoverage checks that the cases cover every RPC, reason and DLI code.
func TestCoverage(t *testing.T) {
	succeeds, fails, reasons, dliCodes := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range load(t) {
		reasons[c.Want.Reason] = true
		switch {
		case c.Want.Reason != "":
			fails[c.RPC] = true
		case c.Want.Response != nil && len(c.Upstream) > 0 && c.Upstream[0].Want != nil:
			succeeds[c.RPC] = true
		}
		for _, e := range c.Upstream {
			if e.Response != nil {
				var body struct {
					Code string `json:"error_code"`
				}
				if json.Unmarshal(e.Response.Body, &body) == nil {
					dliCodes[body.Code] = true
				}
			}
		}
	}
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
	for i := range methods.Len() {
		if !httprule.IsDLI(methods.Get(i)) {
			continue // its calls of DLI are not one for each: it has a suite of its own
		}
		if name := string(methods.Get(i).Name()); !succeeds[name] || !fails[name] {
			t.Errorf("%s lacks a case that fails, or one that succeeds with its request and response written out", name)
		}
	}
	values := connsvcv1.ErrorReason(0).Descriptor().Values()
	for i := range values.Len() {
		checkCovered(t, values.Get(i), reasons)
	}
	var documented []string
	loadOne(t, "testdata/dli_codes.yaml", &documented)
	for _, dliCode := range documented {
		if !dliCodes[dliCode] {
			t.Errorf("in no case does DLI respond %s", dliCode)
		}
	}
}

func checkCovered(t *testing.T, v protoreflect.EnumValueDescriptor, reasons map[string]bool) {
	t.Helper()
	why, excused := uncovered[connsvcv1.ErrorReason(v.Number())]
	if covered := reasons[string(v.Name())]; covered == excused {
		t.Errorf("reason %s: covered %t, but excused with %q", v.Name(), covered, why)
	}
}
