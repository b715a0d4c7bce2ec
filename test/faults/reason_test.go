package faults_test

import (
	"google.golang.org/grpc/codes"

	"github.com/connsvc/connsvc/test/stage"
)

// Outcomes: OK, or a reason of docs/errors.md.
const (
	ok           = "OK"
	unavailable  = "UPSTREAM_UNAVAILABLE"
	throttled    = "UPSTREAM_THROTTLED"
	timeout      = "UPSTREAM_TIMEOUT"
	faulty       = "UPSTREAM_FAULT"
	unknown      = "CREATE_OUTCOME_UNKNOWN"
	busy         = "CONNECTION_BUSY"
	nameTaken    = "NAME_TAKEN"
	noConnection = "CONNECTION_NOT_FOUND"
	noQueue      = "QUEUE_NOT_FOUND"
	noResource   = "RESOURCE_NOT_FOUND"
)

// mapped is the error map for the outcomes that a failing DLI can lead to.
var mapped = map[string]struct {
	code    codes.Code
	retries bool // the error has RetryInfo
}{
	ok:                     {codes.OK, false},
	unavailable:            {codes.Unavailable, true},
	throttled:              {codes.Unavailable, true},
	"OVERLOADED":           {codes.Unavailable, true},
	timeout:                {codes.DeadlineExceeded, false},
	faulty:                 {codes.Internal, false},
	unknown:                {codes.Unknown, false},
	"UPSTREAM_CREDENTIALS": {codes.Internal, false},
	"UPSTREAM_DENIED":      {codes.PermissionDenied, false},
	"UPSTREAM_REFUSED":     {codes.FailedPrecondition, false},
	"UPSTREAM_QUOTA":       {codes.ResourceExhausted, false},
	"RESOURCE_UNAVAILABLE": {codes.FailedPrecondition, false},
	"ANSWER_TOO_LARGE":     {codes.ResourceExhausted, false},
	busy:                   {codes.FailedPrecondition, false},
	"VALIDATION_FAILED":    {codes.InvalidArgument, false},
	nameTaken:              {codes.AlreadyExists, false},
	noConnection:           {codes.NotFound, false},
	noQueue:                {codes.NotFound, false},
	noResource:             {codes.NotFound, false},
}

// conclusive reports whether the caller knows from an outcome if its call was executed.
// After a temporary error, or one that leaves this open, it retries.
func conclusive(r *stage.Failure) bool {
	switch r.Outcome() {
	case unavailable, throttled, timeout, faulty, unknown, "OVERLOADED", busy:
		return false
	default:
		return true
	}
}
