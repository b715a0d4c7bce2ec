package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// A checker checks a Config: by the rules of the schema, and by those that need an
// address or a URL to be read as Go reads it when it listens or connects. A pattern
// in the schema could take for loopback what Go does not. Beside a Config that runs
// it also refuses what cannot take its place without a restart.
type checker struct {
	schema  protovalidate.Validator
	running *configv1.Config // may be nil
}

func newChecker() (checker, error) {
	schema, err := protovalidate.New(
		protovalidate.WithMessages(&configv1.Config{}),
		protovalidate.WithDisableLazy(),
	)
	if err != nil {
		return checker{}, fmt.Errorf("making the validator of the configuration: %w", err)
	}
	return checker{schema: schema}, nil
}

// Validate returns nil or a *protovalidate.ValidationError with all violations.
func (c checker) Validate(m proto.Message) error {
	err := c.schema.Validate(m)
	all := &protovalidate.ValidationError{}
	if err != nil && !errors.As(err, &all) {
		return err
	}
	cfg, ok := m.(*configv1.Config)
	if !ok {
		return err
	}
	broken := make(map[string]bool)
	for _, v := range all.Violations {
		broken[protovalidate.FieldPathString(v.Proto.GetField())] = true
	}
	effective := proto.CloneOf(cfg)
	fillDefaults(effective)
	for _, v := range slices.Concat(
		listenerViolations(cfg), endpointViolations(cfg),
		contradictions(cfg, effective), restartViolations(c.running, effective),
	) {
		// What a rule of the schema says of the field already is enough.
		if !broken[protovalidate.FieldPathString(v.Proto.GetField())] {
			all.Violations = append(all.Violations, v)
		}
	}
	if len(all.Violations) == 0 {
		return nil
	}
	return all
}

// listenerViolations finds the listeners that strangers could reach, and pprof on
// the callers' ports.
func listenerViolations(cfg *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	for _, l := range []struct {
		field    string
		listener *configv1.Listener
	}{{"grpc", cfg.GetGrpc()}, {"rest", cfg.GetRest()}, {"admin", cfg.GetAdmin()}} {
		if l.listener.GetPprof() && l.field != "admin" {
			all = append(all, violation("listener.pprof", "pprof is served on the admin port only", name(l.field), name("pprof")))
		}
		address := l.listener.GetAddress()
		if address == "" || l.listener.GetAllowPlaintext() || hasCertificate(l.listener) {
			continue
		}
		if host, _, err := net.SplitHostPort(address); err != nil || !isLoopback(host) {
			all = append(all, violation("listener.plaintext",
				"without TLS it listens on loopback only, as on 127.0.0.1, unless allow_plaintext is true",
				name(l.field), name("address")))
		}
	}
	return all
}

// hasCertificate tells whether a port can have TLS: half of a pair gives none.
func hasCertificate(l *configv1.Listener) bool {
	return l.GetTls().GetCertFile() != "" && l.GetTls().GetKeyFile() != ""
}

// endpointViolations finds the endpoints that are no base URL, or not a safe one.
func endpointViolations(cfg *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	for i, u := range cfg.GetUpstreams() {
		check := func(endpoint string, allowPlaintext bool, path ...*validate.FieldPathElement) {
			if rule, message := checkEndpoint(endpoint, allowPlaintext); rule != "" {
				path = slices.Concat([]*validate.FieldPathElement{item("upstreams", i)}, path, []*validate.FieldPathElement{name("endpoint")})
				all = append(all, violation(rule, message, path...))
			}
		}
		check(u.GetEndpoint(), u.GetAllowPlaintext())
		if iam := u.GetIamPassword(); iam != nil {
			check(iam.GetEndpoint(), u.GetAllowPlaintext(), name("iam_password"))
		}
		if iam := u.GetIamAgency(); iam != nil {
			check(iam.GetEndpoint(), u.GetAllowPlaintext(), name("iam_agency"))
		}
		if ecs := u.GetEcsMetadata(); ecs.GetEndpoint() != "" {
			// The metadata service has a link-local address and speaks http only.
			check(ecs.GetEndpoint(), true, name("ecs_metadata"))
		}
	}
	return all
}

// checkEndpoint returns the first rule that an endpoint breaks, and what it says.
func checkEndpoint(endpoint string, allowPlaintext bool) (rule, message string) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return "endpoint.url", "must be a URL"
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		return "endpoint.scheme", "must start with https:// or http://"
	case u.Hostname() == "" || !isASCII(u.Host) || !isPort(u.Port()):
		return "endpoint.host", "must name a host in ASCII (an international name in its xn-- form), with a port from 1 to 65535 or without"
	case u.User != nil:
		return "endpoint.userinfo", "must not hold credentials"
	case strings.ContainsAny(endpoint, "?#"):
		return "endpoint.query", "must not have a query or a fragment"
	case u.Scheme == "http" && !allowPlaintext && !isLoopback(u.Hostname()):
		return "endpoint.plaintext", "must be https: http is taken for loopback only, unless allow_plaintext is true"
	}
	return "", ""
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// isLoopback tells whether a host is sure to be this machine. Of names only
// localhost is.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func violation(rule, message string, path ...*validate.FieldPathElement) *protovalidate.Violation {
	return &protovalidate.Violation{Proto: validate.Violation_builder{
		Field:   validate.FieldPath_builder{Elements: path}.Build(),
		RuleId:  proto.String(rule),
		Message: proto.String(message),
	}.Build()}
}

func name(field string) *validate.FieldPathElement {
	return validate.FieldPathElement_builder{FieldName: proto.String(field)}.Build()
}

func item(list string, i int) *validate.FieldPathElement {
	return validate.FieldPathElement_builder{FieldName: proto.String(list), Index: proto.Uint64(uint64(i))}.Build() //nolint:gosec // an index
}
