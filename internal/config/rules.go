package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/endpoint"
)

// A checker checks a Config: by the rules of the schema, and by rules that need
// addresses and URLs parsed as Go parses them to listen or connect. A pattern in the
// schema could treat as loopback what Go does not. If a configuration is active, it
// also rejects changes that need a restart.
type checker struct {
	schema protovalidate.Validator
	active *configv1.Config // may be nil
}

// compiled holds the rules of the schema, which take a while to compile.
var compiled = sync.OnceValues(func() (protovalidate.Validator, error) {
	return protovalidate.New(protovalidate.WithMessages(&configv1.Config{}), protovalidate.WithDisableLazy())
})

func newChecker() (checker, error) {
	schema, err := compiled()
	if err != nil {
		return checker{}, fmt.Errorf("creating the validator of the configuration: %w", err)
	}
	return checker{schema: schema}, nil
}

// Validate returns a *protovalidate.ValidationError with all violations, or another
// error of protovalidate.
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
		reword(v)
	}
	effective := proto.CloneOf(cfg)
	fillDefaults(effective)
	for _, v := range slices.Concat(
		listenerViolations(cfg), endpointViolations(cfg),
		contradictions(cfg, effective), policyViolations(effective.GetPolicy()), restartViolations(c.active, effective),
	) {
		// One violation of a field is enough.
		if !broken[protovalidate.FieldPathString(v.Proto.GetField())] {
			all.Violations = append(all.Violations, v)
		}
	}
	if len(all.Violations) == 0 {
		return nil
	}
	return all
}

// A ruleChecker checks a message by the rules of the schema alone.
type ruleChecker struct{ rules protovalidate.Validator }

// Validate returns a *protovalidate.ValidationError with all violations, or another
// error of protovalidate.
func (c ruleChecker) Validate(m proto.Message) error {
	err := c.rules.Validate(m)
	var all *protovalidate.ValidationError
	if errors.As(err, &all) {
		for _, v := range all.Violations {
			reword(v)
		}
	}
	return err
}

// listenerViolations reports listeners beyond loopback that are plaintext or do not
// authenticate callers, and keys of a listener that only another one has.
func listenerViolations(cfg *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	guarded := Authenticates(cfg.GetAuth()) || cfg.GetAuth().GetAnonymous()
	for _, l := range []struct {
		field    string
		listener *configv1.Listener
	}{{"grpc", cfg.GetGrpc()}, {"rest", cfg.GetRest()}, {"admin", cfg.GetAdmin()}} {
		if l.listener.GetPprof() && l.field != "admin" {
			all = append(all, violation("listener.pprof", "pprof is served on the admin port only", name(l.field), name("pprof")))
		}
		if len(l.listener.GetHosts()) > 0 && l.field == "grpc" {
			all = append(all, violation("listener.hosts", "has no effect on gRPC, which browsers cannot speak", name(l.field), name("hosts")))
		}
		if l.listener.GetCors() != nil && l.field != "rest" {
			all = append(all, violation("listener.cors", "is for the REST port only", name(l.field), name("cors")))
		}
		if l.listener.GetDocs() && l.field != "rest" {
			all = append(all, violation("listener.docs", "docs are served on the REST port only", name(l.field), name("docs")))
		}
		address := l.listener.GetAddress()
		if host, _, err := net.SplitHostPort(address); address == "" || err == nil && endpoint.Loopback(host) {
			continue
		}
		if !l.listener.GetAllowPlaintext() && !hasCertificate(l.listener) {
			all = append(all, violation("listener.plaintext",
				"must be loopback without TLS; set tls or allow_plaintext: true",
				name(l.field), name("address")))
		}
		if !guarded {
			all = append(all, violation("listener.unauthenticated",
				"must be loopback without authentication; set auth, or auth.anonymous: true to let everyone call",
				name(l.field), name("address")))
		}
	}
	return all
}

// hasCertificate reports whether a listener has both files that TLS needs.
func hasCertificate(l *configv1.Listener) bool {
	return l.GetTls().GetCertFile() != "" && l.GetTls().GetKeyFile() != ""
}

// endpointViolations reports endpoints and proxies that are not a base URL, or not a safe
// one.
func endpointViolations(cfg *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	for i, u := range cfg.GetUpstreams() {
		report := func(err error, path ...*validate.FieldPathElement) {
			var broken endpoint.Errors
			errors.As(err, &broken)
			path = slices.Concat([]*validate.FieldPathElement{item("upstreams", i)}, path)
			for _, e := range broken {
				all = append(all, violation(e.Rule, e.Message, path...))
			}
		}
		check := func(parse func(string, bool) (*url.URL, error), s string, path ...*validate.FieldPathElement) {
			_, err := parse(s, u.GetAllowPlaintext())
			report(err, append(path, name("endpoint"))...)
		}
		check(endpoint.Parse, u.GetEndpoint())
		if iam := u.GetIamPassword(); iam != nil {
			check(endpoint.Parse, iam.GetEndpoint(), name("iam_password"))
		}
		if iam := u.GetIamAgency(); iam != nil {
			check(endpoint.Parse, iam.GetEndpoint(), name("iam_agency"))
		}
		if ecs := u.GetEcsMetadata(); ecs.GetEndpoint() != "" {
			check(endpoint.ParseMetadata, ecs.GetEndpoint(), name("ecs_metadata"))
		}
		if u.GetProxyUrl() != "" {
			_, err := endpoint.ParseProxy(u.GetProxyUrl())
			report(err, name("proxy_url"))
		}
	}
	return append(all, keySetViolations(cfg)...)
}

// policyViolations reports mistakes in the rules of the policy.
func policyViolations(p *configv1.Policy) []*protovalidate.Violation {
	if p == nil {
		return nil
	}
	var all []*protovalidate.Violation
	for _, problem := range policy.Check(p) {
		all = append(all, violation("policy."+problem.Field, problem.Text, name("policy"), item("rules", problem.Rule), name(problem.Field)))
	}
	return all
}

// keySetViolations reports URLs of key sets that are no URL, or not a safe one.
func keySetViolations(cfg *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	for i, issuer := range cfg.GetAuth().GetJwt() {
		if issuer.GetJwksUrl() == "" {
			continue
		}
		text, _, _ := strings.Cut(issuer.GetJwksUrl(), "?")
		_, err := endpoint.Parse(text, false)
		var broken endpoint.Errors
		errors.As(err, &broken)
		for _, e := range broken {
			message := e.Message
			if e.Rule == "endpoint.plaintext" {
				message = "must be https beyond loopback: whoever sends the keys decides who may call"
			}
			all = append(all, violation(e.Rule, message, name("auth"), item("jwt", i), name("jwks_url")))
		}
	}
	return all
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
