package main

import (
	_ "embed" // for errorTemplate
	"fmt"
	"os"
	"regexp"
	"strings"
	"text/template"

	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/types/descriptorpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

const reasonProto = "proto/connsvc/v1/error_reason.proto"

//go:embed errors.md.tmpl
var errorTemplate string

// A reason is a section of the page.
type reason struct {
	Name, Anchor  string
	Text          string // the comment in the proto
	place         string // in parentheses at its end: "INTERNAL; HTTP 502"
	Code, DLICode string
	HTTP          int
	Retry         string
}

var (
	enumValue = regexp.MustCompile(`^  ([A-Z_]+) = (\d+);$`)
	// placeEnd splits a comment from the code in parentheses at its end.
	placeEnd = regexp.MustCompile(`^(.*) \(([^()]+)\)$`)
)

// renderErrorPage returns docs/errors.md.
func renderErrorPage() (string, error) {
	reasons, err := allReasons()
	if err != nil {
		return "", err
	}
	rules, err := allRules()
	if err != nil {
		return "", err
	}
	page, err := template.New("errors").Parse(errorTemplate)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	idempotent, others := changes()
	err = page.Execute(&b, struct {
		Idempotent, NotIdempotent string
		Reasons                   []reason
		Rules                     []rule
	}{enumerated(idempotent), enumerated(others), reasons, rules})
	return b.String(), err
}

// changes returns the RPCs that change something, those that are idempotent and the others.
// A create is neither: it is idempotent with a request_id.
func changes() (idempotent, others []string) {
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService").Methods()
	for i := range methods.Len() {
		name := string(methods.Get(i).Name())
		switch methods.Get(i).Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel() {
		case descriptorpb.MethodOptions_NO_SIDE_EFFECTS:
		case descriptorpb.MethodOptions_IDEMPOTENT:
			idempotent = append(idempotent, name)
		default:
			if name != "CreateEnhancedConnection" {
				others = append(others, name)
			}
		}
	}
	return idempotent, others
}

// enumerated joins names as prose does: "a, b and c".
func enumerated(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// allReasons reads the comments in the proto, which generated Go lacks, and the
// error map.
func allReasons() ([]reason, error) {
	source, err := os.ReadFile(reasonProto)
	if err != nil {
		return nil, err
	}
	_, body, ok := strings.Cut(string(source), "enum ErrorReason {\n")
	if !ok {
		return nil, fmt.Errorf("%s has no ErrorReason", reasonProto)
	}
	var all []reason
	var comment []string
	for line := range strings.SplitSeq(body, "\n") {
		if text, ok := strings.CutPrefix(line, "  // "); ok {
			comment = append(comment, text)
			continue
		}
		m := enumValue.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if m[2] != "0" {
			parts := placeEnd.FindStringSubmatch(strings.Join(comment, " "))
			if parts == nil {
				return nil, fmt.Errorf("%s: the comment does not end with its code in parentheses: %q", m[1], comment)
			}
			all = append(all, reasonOf(m[1], parts[1], parts[2]))
		}
		comment = nil
	}
	if len(all) != len(connsvcv1.ErrorReason_name)-1 {
		return nil, fmt.Errorf("%d reasons in the proto, %d in Go", len(all), len(connsvcv1.ErrorReason_name)-1)
	}
	return all, nil
}

func reasonOf(name, text, place string) reason {
	e := apierror.New(connsvcv1.ErrorReason(connsvcv1.ErrorReason_value[name]), "", nil)
	r := reason{
		Name: name, Anchor: strings.ToLower(name), Text: text, place: place,
		Code: rpccode.Code(e.Code()).String(), HTTP: e.HTTPStatus, DLICode: e.DLICode, Retry: "no",
	}
	switch {
	case e.RetryAfter > 0:
		r.Retry = fmt.Sprintf("after %v, unless the response says another time", e.RetryAfter)
	case e.Reason == connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, e.Reason == connsvcv1.ErrorReason_UPSTREAM_FAULT:
		r.Retry = "idempotent calls only"
	case e.Reason == connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:
		r.Retry = "with the same request_id"
	}
	return r
}
