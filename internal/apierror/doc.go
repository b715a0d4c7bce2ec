// Package apierror is the error map: the one place that decides every error's reason,
// gRPC code, HTTP status and text for the caller. An error is mapped once: From and
// FromDLI return an *Error as it is.
package apierror
