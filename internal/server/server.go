// Package server puts the service behind its doors: gRPC, REST and the
// operator's port, one interceptor chain for both doors, and one ordered
// shutdown. It knows nothing of what the RPCs do. No call passes a door without
// being in metrics and log, whatever becomes of it.
package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/validation"
)

// The timeouts of the HTTP ports. Those of a whole request and answer follow
// from how long a call may take.
const (
	defaultHeaderTimeout = 10 * time.Second
	transferGrace        = 30 * time.Second // beyond the call, for sending the answer
	idleTimeout          = 120 * time.Second
)

// Options are what New needs beside the configuration.
type Options struct {
	Service    connsvcv1.ConnectionServiceServer
	Validator  *validation.Validator
	Telemetry  *telemetry.Telemetry
	Reflection bool   // serve gRPC reflection
	Version    string // for /version and the build info metric
	// CloseUpstream is called after both doors are shut, and returns when nothing is
	// in flight any more or ctx ends; may be nil.
	CloseUpstream func(ctx context.Context)
	// Dir is where relative paths of the configuration start.
	Dir string

	headerTimeout time.Duration // of the HTTP ports; 0: defaultHeaderTimeout
	bodyTimeout   time.Duration // 0: defaultBodyTimeout
	tlsInterval   time.Duration // 0: as certs has it
}

// A Server is the doors of connsvc.
type Server struct {
	log           *slog.Logger
	listeners     listeners
	certificates  *certs.Certificates
	grpc          *grpcDoor
	rest, admin   *http.Server
	operator      *adminPort
	shutdown      *configv1.Shutdown
	closeUpstream func(context.Context)
}

// New listens on the configured addresses. cfg is as config.Load returns it,
// with its defaults. The error joins all problems, and nothing listens then.
func New(cfg *configv1.Config, o Options) (*Server, error) {
	limit := cfg.GetLimits()
	m, metricsErr := newMetrics(o.Telemetry.Meter, o.Version)
	d := newDispatcher(o, m, limit)
	rest, restErr := newRESTDoor(d, limit, cmp.Or(o.bodyTimeout, defaultBodyTimeout))
	certificates, certErr := certs.Load(cfg, certs.Options{
		Dir: o.Dir, Log: o.Telemetry.Log, Meter: o.Telemetry.Meter, Interval: o.tlsInterval,
	})
	l, listenErr := listen(cfg)
	if err := errors.Join(metricsErr, restErr, certErr, listenErr); err != nil {
		l.close()
		return nil, err
	}
	s := &Server{
		log:           o.Telemetry.Log,
		listeners:     l,
		certificates:  certificates,
		grpc:          newGRPCDoor(d, m, limit, certificates.GRPC.Config(), o.Reflection),
		shutdown:      cfg.GetShutdown(),
		operator:      &adminPort{telemetry: o.Telemetry, version: o.Version, pprof: cfg.GetAdmin().GetPprof()},
		closeUpstream: o.CloseUpstream,
	}
	s.rest = newHTTPServer(leaving(s.operator.ready.Load, rest), limit, certificates.REST.Config(), o)
	s.admin = newHTTPServer(s.operator.handler(), limit, certificates.Admin.Config(), o)
	return s, nil
}

// newHTTPServer makes a server on which no slow caller holds a connection for
// long. Reading may last longer than a call: when the deadline of reading passes,
// net/http cancels the request.
func newHTTPServer(h http.Handler, l *configv1.Limits, secured *tls.Config, o Options) *http.Server {
	header := cmp.Or(o.headerTimeout, defaultHeaderTimeout)
	call := l.GetCallTimeout().AsDuration()
	return &http.Server{
		Handler:           h,
		TLSConfig:         secured,
		ReadHeaderTimeout: header,
		ReadTimeout:       header + call + transferGrace,
		WriteTimeout:      call + transferGrace,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// Else net/http answers "OPTIONS *" itself, unseen by metrics and log.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(httpLog{o.Telemetry.Log}, "", 0),
	}
}

// GRPCAddr returns where the gRPC door listens.
func (s *Server) GRPCAddr() net.Addr { return s.listeners.grpc.Addr() }

// RESTAddr returns where the REST door listens.
func (s *Server) RESTAddr() net.Addr { return s.listeners.rest.Addr() }

// AdminAddr returns where the operator's port listens.
func (s *Server) AdminAddr() net.Addr { return s.listeners.admin.Addr() }

// Close frees the addresses of a server that is not run after all.
func (s *Server) Close() {
	s.grpc.server.Stop()
	s.listeners.close()
}
