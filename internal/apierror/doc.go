// Package apierror is the error map: the one place that gives every error its
// reason, its gRPC code, its HTTP status and what the caller may read of it.
package apierror
