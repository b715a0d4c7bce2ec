package server

import (
	"net/http"
	"time"
)

// WithHeaderTimeout shortens how long the HTTP ports wait for a request's header.
func (o Options) WithHeaderTimeout(d time.Duration) Options {
	o.headerTimeout = d
	return o
}

// WithBodyTimeout shortens how long the REST API waits for more of a body.
func (o Options) WithBodyTimeout(d time.Duration) Options {
	o.bodyTimeout = d
	return o
}

// WithReplyTime shortens how long a response may take beyond the call.
func (o Options) WithReplyTime(d time.Duration) Options {
	o.replyTime = d
	return o
}

// WithTLSInterval shortens how often the files of certificates are looked at.
func (o Options) WithTLSInterval(d time.Duration) Options {
	o.tlsInterval = d
	return o
}

// ExposeAdmin treats the admin port as if it were beyond loopback.
func (s *Server) ExposeAdmin() { s.operator.loopback = false }

// RESTHandler is the REST API without its listener.
func (s *Server) RESTHandler() http.Handler { return s.rest.Handler }

// Steps are the names of the steps of stopping, in order.
func (s *Server) Steps() []string {
	var names []string
	for _, step := range s.steps() {
		names = append(names, step.name)
	}
	return names
}

// FailREST closes the REST API's listener behind its back.
func (s *Server) FailREST() { s.listeners.rest.Close() }
