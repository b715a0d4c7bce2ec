package main

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// TestCommitted compares the committed files with what the generator makes.
func TestCommitted(t *testing.T) {
	t.Chdir("../..")
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is out of date: run `go run ./internal/gendocs` (-want +got):\n%s", path, diff)
		}
	}
}

var placeForm = regexp.MustCompile(`^([A-Z_]+)(?:; HTTP (\d{3}))?$`)

// TestErrorMapIsTheContract compares the error map with the codes in the proto's
// comments.
func TestErrorMapIsTheContract(t *testing.T) {
	t.Chdir("../..")
	all, err := allReasons()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		code, http := "", 0
		if m := placeForm.FindStringSubmatch(r.place); m != nil {
			code = m[1]
			http, _ = strconv.Atoi(m[2])
		}
		if r.Code != code {
			t.Errorf("%s: %s in the proto, %s in the map", r.Name, code, r.Code)
		}
		// Without an HTTP status in the proto it is that of the code.
		if http == 0 && !bodyLimits[r.Name] {
			e := apierror.New(connsvcv1.ErrorReason(connsvcv1.ErrorReason_value[r.Name]), "", nil)
			http = canonicalHTTP[e.Code()]
		}
		if http != 0 && http != r.HTTP {
			t.Errorf("%s: HTTP %d in the proto, %d in the map", r.Name, http, r.HTTP)
		}
	}
}

// bodyLimits are the reasons whose 413 the proto leaves to HTTP's own rule.
var bodyLimits = map[string]bool{"BODY_TOO_LARGE": true, "ANSWER_TOO_LARGE": true}

// canonicalHTTP is google.rpc.Code's map to HTTP.
var canonicalHTTP = map[codes.Code]int{
	codes.Canceled: 499, codes.Unknown: 500, codes.InvalidArgument: 400, codes.DeadlineExceeded: 504,
	codes.NotFound: 404, codes.AlreadyExists: 409, codes.PermissionDenied: 403, codes.Unauthenticated: 401,
	codes.ResourceExhausted: 429, codes.FailedPrecondition: 400, codes.Unimplemented: 501,
	codes.Internal: 500, codes.Unavailable: 503,
}
