package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
)

// TestAnyCase: a rule sees in lower case what DLI takes in any case, wherever a request has it,
// and all else as it was sent. The rules of the contract say which field is what.
func TestAnyCase(t *testing.T) {
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
	var lowered int
	for i := range methods.Len() {
		method := string(methods.Get(i).Name())
		req, err := policy.NewRequest(method)
		if err != nil {
			t.Fatal(err)
		}
		var expressions []string
		fill(req.ProtoReflect(), "request", func(path string, anyCase bool) {
			want := "ABC"
			if anyCase {
				want = "abc"
				lowered++
			}
			expressions = append(expressions, fmt.Sprintf("%s == %q", path, want))
		})
		sent := proto.Clone(req)
		for _, expression := range expressions {
			if d := decide(compiled(t, when(expression, method)), method, req); !d.Allowed {
				t.Errorf("%s: %s is not true", method, expression)
			}
		}
		if !proto.Equal(req, sent) {
			t.Errorf("%s: the request was changed", method)
		}
	}
	if lowered < 30 {
		t.Errorf("%d fields are of any case", lowered)
	}
}

// fill sets each text in a message to ABC, and reports its path and whether its case matters.
func fill(m protoreflect.Message, path string, report func(path string, anyCase bool)) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		at := path + "." + string(f.Name())
		text := protoreflect.ValueOfString("ABC")
		isText := f.Kind() == protoreflect.StringKind
		isMessage := f.Kind() == protoreflect.MessageKind && f.Message().FullName().Parent() != "google.protobuf"
		switch {
		case isText && f.IsList():
			m.Mutable(f).List().Append(text)
			report(at+"[0]", isAnyCase(f))
		case isText:
			m.Set(f, text)
			report(at, isAnyCase(f))
		case isMessage && f.IsList():
			fill(m.Mutable(f).List().AppendMutable().Message(), at+"[0]", report)
		case isMessage:
			fill(m.Mutable(f).Message(), at, report)
		}
	}
}

// isAnyCase reports whether the rules of a field are those of a queue, a pool or a UUID.
func isAnyCase(f protoreflect.FieldDescriptor) bool {
	rules := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	for _, r := range []*validate.FieldRules{rules, rules.GetRepeated().GetItems()} {
		if r.GetString().GetUuid() || slices.ContainsFunc(r.GetCel(), func(c *validate.Rule) bool {
			return slices.Contains([]string{"queue.name", "elastic_resource_pool.name", "privilege.object"}, c.GetId())
		}) {
			return true
		}
	}
	return false
}

// TestCapitalsPassNoRule: a rule that denies a queue denies it in any case.
func TestCapitalsPassNoRule(t *testing.T) {
	deny := when(`"prod_q" in request.queues`, "AssociateQueues")
	deny.Effect = configv1.PolicyRule_DENY
	p := compiled(t, deny, when("true"))
	for _, queue := range []string{"prod_q", "PROD_Q", "Prod_q"} {
		if d := decide(p, "AssociateQueues", &connsvcv1.AssociateQueuesRequest{Queues: []string{"a", queue}}); d.Allowed {
			t.Errorf("%s: got %+v", queue, d)
		}
	}
}

// TestCapitalsInRules: a text that no value can equal is a mistake, which would make a rule that
// denies deny nothing.
func TestCapitalsInRules(t *testing.T) {
	for expression, mistaken := range map[string]bool{
		`"PROD_Q" in request.queues`: true, `"prod_q" in request.queues`: false,
		`request.queues == ["q", "Q"]`: true, `request.queues[0].startsWith("Prod")`: true,
		`request.queues.exists(q, q == "Q")`: true, `request.queues.exists(q, q in ["q", "Q"])`: true, `sets.intersects(request.queues, ["Q"])`: true,
		`request.connection_id != "2A620C33-5609-40C9-AFFD-2B6453071B0F"`:              true,
		`request.queues.all(q, q != "q") && principal.groups.exists(q, q == "SRE")`:    false,
		`request.queues.exists(q, q.upperAscii() == "Q")`:                              false,
		`request.queues.all(q, q.matches("^[A-Z]"))`:                                   false,
		`request.queues.exists(q, q == "q" || principal.id == "A")`:                    false,
		`"Q" in principal.groups && request.queues == principal.groups`:                false,
		`principal.attributes.queues == "Q"`:                                           false,
		`request.queues.exists(q, q.startsWith(principal.attributes["Queue_Prefix"]))`: false,
	} {
		_, problems := policy.Compile(&configv1.Policy{Rules: []*configv1.PolicyRule{when(expression, "AssociateQueues")}, CostLimit: 1000})
		if (problems != nil) != mistaken || mistaken && !strings.Contains(problems[0].Text, "must be in lower case") {
			t.Errorf("%s: %v", expression, problems)
		}
	}
}
