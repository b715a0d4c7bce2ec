// Package server is the life of the process: it listens for gRPC, for REST and for the
// operator, serves until it is stopped, and stops in one order. It knows no RPC: what
// a call passes is the chain's.
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
	"github.com/connsvc/connsvc/internal/server/apipage"
	"github.com/connsvc/connsvc/internal/server/browser"
	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/server/grpcapi"
	"github.com/connsvc/connsvc/internal/server/refused"
	"github.com/connsvc/connsvc/internal/server/restapi"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/validation"
)

// The bounds of the HTTP ports. The timeouts of a whole request and response follow from
// how long a call may take.
const (
	defaultHeaderTimeout = 10 * time.Second
	defaultBodyTimeout   = 10 * time.Second // of both APIs
	defaultReplyTime     = 30 * time.Second // beyond the call, to send the response
	idleTimeout          = 120 * time.Second
	maxHeaderBytes       = 64 << 10 // of one request
)

// Options are what New needs beside the configuration.
type Options struct {
	Service    connsvcv1.ConnectionServiceServer
	Validator  *validation.Validator
	Telemetry  *telemetry.Telemetry
	Reflection bool         // serve gRPC reflection
	Version    string       // for /version and the build info metric
	Guard      *chain.Guard // who may call; nil: everyone
	// CloseUpstream is called after gRPC and REST have stopped, and returns when nothing is
	// in flight any more or ctx ends; may be nil.
	CloseUpstream func(ctx context.Context)
	// Dir is what relative paths of the configuration are relative to.
	Dir string
	// Flags means that the addresses are from the flags --grpc, --rest and --admin: errors
	// name them.
	Flags bool

	headerTimeout time.Duration // of the HTTP ports; 0: defaultHeaderTimeout
	bodyTimeout   time.Duration // of both APIs; 0: defaultBodyTimeout
	replyTime     time.Duration // of both APIs; 0: defaultReplyTime
	tlsInterval   time.Duration // 0: as certs has it
}

// A Server serves gRPC, REST and the operator's port.
type Server struct {
	log           *slog.Logger
	listeners     listeners
	certificates  *certs.Certificates
	grpc          *grpcapi.Server
	rest          *restPort
	admin         *http.Server
	operator      *adminPort
	shutdown      *configv1.Shutdown
	closeUpstream func(context.Context)
	refused       *refused.Recorder
	chain         *chain.Chain
}

// New listens on the configured addresses. cfg is as config.Load returns it, with its
// defaults. The error joins all problems; then nothing listens.
func New(cfg *configv1.Config, o Options) (*Server, error) {
	limit := cfg.GetLimits()
	ch, err := chain.New(chain.Options{
		Service: o.Service, Validator: o.Validator, Telemetry: o.Telemetry, Version: o.Version, Guard: o.Guard,
	}, limit)
	if err != nil {
		return nil, err
	}
	recorder, err := refused.New(o.Telemetry)
	if err != nil {
		return nil, err
	}
	o.bodyTimeout = cmp.Or(o.bodyTimeout, defaultBodyTimeout)
	o.replyTime = cmp.Or(o.replyTime, defaultReplyTime)
	cut := make(chan struct{})
	guard, guardErr := browser.New(cfg.GetRest())
	adminGuard, adminGuardErr := browser.New(cfg.GetAdmin())
	rest, restErr := restapi.New(ch, limit, restapi.Options{BodyTimeout: o.bodyTimeout, Stopped: cut, Guard: guard, Docs: cfg.GetRest().GetDocs()})
	if cfg.GetRest().GetDocs() {
		rest = apipage.New(guard, rest)
	}
	certificates, certErr := certs.Load(cfg, certs.Options{
		Dir: o.Dir, Log: o.Telemetry.Log, Meter: o.Telemetry.Meter, Interval: o.tlsInterval,
	})
	l, listenErr := listen(cfg, o.Flags)
	if err := errors.Join(guardErr, adminGuardErr, restErr, certErr, listenErr); err != nil {
		l.close()
		return nil, err
	}
	s := &Server{
		log:          o.Telemetry.Log,
		listeners:    l,
		certificates: certificates,
		grpc: grpcapi.New(ch, limit, grpcapi.Options{
			TLS: certificates.GRPC.Config(), Reflection: o.Reflection, MaxHeaderBytes: maxHeaderBytes, ReplyTime: o.replyTime, MessageTimeout: o.bodyTimeout,
			Refused: recorder,
		}),
		shutdown: cfg.GetShutdown(),
		operator: &adminPort{
			telemetry: o.Telemetry, version: o.Version, pprof: cfg.GetAdmin().GetPprof(),
			loopback: isLoopback(l.admin), guard: ch.Guard, browsers: adminGuard,
		},
		closeUpstream: o.CloseUpstream,
		refused:       recorder,
		chain:         ch,
	}
	s.rest = newRESTPort(s.newHTTPServer(telemetry.PortREST, closing(s.operator.ready.Load, rest), limit, certificates.REST.Config(), o), s.limited(telemetry.PortREST, l.rest), cut)
	s.admin = s.newHTTPServer(telemetry.PortAdmin, adminGuard.Handler(s.operator.handler()), limit, certificates.Admin.Config(), o)
	return s, nil
}

// newHTTPServer makes a server on which no slow caller keeps a connection for long. Its
// read timeout is longer than a call: when it passes, net/http cancels the request.
func (s *Server) newHTTPServer(port string, h http.Handler, l *configv1.Limits, secured *tls.Config, o Options) *http.Server {
	header := cmp.Or(o.headerTimeout, defaultHeaderTimeout)
	call := l.GetCallTimeout().AsDuration()
	observer := newUnread(s.refused, port)
	server := &http.Server{
		Handler:           observer.handler(h),
		ConnState:         observer.observe,
		TLSConfig:         secured,
		ReadHeaderTimeout: header,
		ReadTimeout:       header + call + o.replyTime,
		WriteTimeout:      call + o.replyTime,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// Otherwise net/http responds to "OPTIONS *" itself, unseen by metrics and log.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(httpLog{o.Telemetry.Log, s.refused, port}, "", 0),
	}
	limitAge(server, l.GetMaxConnectionAge().AsDuration())
	return server
}

// limited limits the connections of a listener.
func (s *Server) limited(port string, l net.Listener) limitedListener {
	return limitedListener{Listener: l, chain: s.chain, refused: s.refused, port: port}
}

// SetGuard replaces who may call, and returns the previous guard.
func (s *Server) SetGuard(g *chain.Guard) *chain.Guard { return s.chain.SetGuard(g) }

// Guard returns who may call; nil: everyone.
func (s *Server) Guard() *chain.Guard { return s.chain.Guard() }

// GRPCAddr returns the address of gRPC.
func (s *Server) GRPCAddr() net.Addr { return s.listeners.grpc.Addr() }

// RESTAddr returns the address of REST.
func (s *Server) RESTAddr() net.Addr { return s.listeners.rest.Addr() }

// AdminAddr returns the address of the operator's port.
func (s *Server) AdminAddr() net.Addr { return s.listeners.admin.Addr() }

// Close frees the addresses of a server that is never run.
func (s *Server) Close() {
	s.grpc.Close()
	s.listeners.close()
}
