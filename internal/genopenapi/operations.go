package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

var (
	service = connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService")
	// generatedID is an operationId of the plugin: a further binding of an RPC has a number.
	generatedID = regexp.MustCompile(`^ConnectionService_([A-Za-z]+?)(_\d+)?$`)
	documentID  = regexp.MustCompile(` ?\((dli_02_\d+)\)`)
	sentence    = regexp.MustCompile(`^(.+?)\.(\s|$)`)
)

func (p *pass) changeOperations() error {
	for path, item := range p.doc.Paths.Map() {
		for httpMethod, op := range item.Operations() {
			m := generatedID.FindStringSubmatch(op.OperationID)
			if m == nil {
				return fmt.Errorf("%s %s has the operationId %q", httpMethod, path, op.OperationID)
			}
			rpc := service.Methods().ByName(protoreflect.Name(m[1]))
			if rpc == nil {
				return fmt.Errorf("there is no RPC %s", m[1])
			}
			describe(op, string(rpc.Name()), m[2] != "")
			if tag := op.Tags[0]; p.doc.Tags.Get(tag) == nil {
				return fmt.Errorf("base.yaml has no tag %q: the page of the API would not show %s", tag, rpc.Name())
			}
			if err := p.changeRequest(op, rpc); err != nil {
				return fmt.Errorf("%s: %w", rpc.Name(), err)
			}
			if err := p.addResponses(op, rpc); err != nil {
				return fmt.Errorf("%s: %w", rpc.Name(), err)
			}
		}
	}
	return nil
}

// describe sets what a reader sees of an operation.
func describe(op *openapi3.Operation, rpc string, deprecated bool) {
	text := prose(op.Summary)
	if m := documentID.FindStringSubmatch(text); m != nil {
		op.Extensions = map[string]any{"x-dli-document": m[1]}
		text = strings.Replace(text, m[0], "", 1)
	}
	op.Summary = sentence.FindStringSubmatch(text)[1]
	op.Description = text
	op.OperationID = strings.ToLower(rpc[:1]) + rpc[1:]
	op.Tags = []string{tagOf(rpc)}
	if deprecated {
		op.OperationID += "V2"
		op.Summary += " (deprecated path)"
		op.Deprecated = true
		op.Description += " This is DLI's deprecated path, which Terraform calls."
	}
}

func tagOf(rpc string) string {
	for part, tag := range map[string]string{"Route": "Routes", "Privilege": "Privileges", "Queues": "Queues", "Hosts": "Hosts", "ConnectivityTest": "Connectivity"} {
		if strings.Contains(rpc, part) {
			return tag
		}
	}
	return "Connections"
}

// changeRequest gives parameters and body the contract's rules and the sample's values.
func (p *pass) changeRequest(op *openapi3.Operation, rpc protoreflect.MethodDescriptor) error {
	fields := rpc.Input().Fields()
	sample := p.samples[string(rpc.Name())]
	for _, parameter := range op.Parameters {
		field := fields.ByJSONName(parameter.Value.Name)
		if field == nil {
			return fmt.Errorf("there is no field %q", parameter.Value.Name)
		}
		s, err := p.requestField(parameter.Value.Schema, field)
		if err != nil {
			return err
		}
		s.Description = "" // it describes an enum
		parameter.Value.Description = prose(parameter.Value.Description)
		parameter.Value.Schema = openapi3.NewSchemaRef("", s)
		parameter.Value.Example = sample.Request[parameter.Value.Name]
		parameter.Value.Required = parameter.Value.Required || mustBeSet(field, s)
	}
	if fields.ByName("request_id") != nil {
		op.Parameters = append(op.Parameters, &openapi3.ParameterRef{Ref: "#/components/parameters/IdempotencyKey"})
	}
	if fields.ByName("resume_token") != nil {
		op.Parameters = append(op.Parameters, &openapi3.ParameterRef{Ref: "#/components/parameters/LastEventID"})
	}
	if op.RequestBody == nil {
		return addTags(op, fields.ByName("tags"))
	}
	name := string(rpc.Input().Name())
	media := op.RequestBody.Value.Content["application/json"]
	s, err := p.requestMessage(media.Schema, rpc.Input())
	p.doc.Components.Schemas[name] = openapi3.NewSchemaRef("", s)
	media.Schema = openapi3.NewSchemaRef(schemaPath+name, nil)
	media.Example = sample.body(op.Parameters)
	return err
}

func (p *pass) addResponses(op *openapi3.Operation, rpc protoreflect.MethodDescriptor) error {
	status := http.StatusOK
	if rpc.Name() == "CreateEnhancedConnection" {
		status = http.StatusCreated
	}
	example, err := p.samples[string(rpc.Name())].answer(rpc.Output())
	if err != nil {
		return err
	}
	s := p.responseMessage(rpc.Output())
	name := string(rpc.Output().Name())
	if rpc.Output().Fields().ByName("is_success") == nil {
		name = string(rpc.Name()) + "Response" // the resource, in DLI's envelope
		addEnvelope(s)
	}
	p.doc.Components.Schemas[name] = openapi3.NewSchemaRef("", s)
	success := openapi3.NewResponse().WithDescription("Success.").WithContent(openapi3.Content{
		"application/json": {Schema: openapi3.NewSchemaRef(schemaPath+name, nil), Example: example},
	})
	if rpc.IsStreamingServer() {
		success = openapi3.NewResponse().WithDescription("Server-sent events. The data of each is one " + name + ", its id the resume_token.").WithContent(openapi3.Content{
			"text/event-stream": {Schema: openapi3.NewSchemaRef("", openapi3.NewStringSchema())},
		})
	}
	success.Headers = openapi3.Headers{requestIDHeader: headerRef(requestIDHeader)}
	op.Responses = openapi3.NewResponses()
	op.Responses.Set(strconv.Itoa(status), &openapi3.ResponseRef{Value: success})
	op.Responses.Delete("default")
	for status := range reasonsByStatus() {
		if status == http.StatusUnsupportedMediaType && op.RequestBody == nil {
			continue
		}
		op.Responses.Set(strconv.Itoa(status), &openapi3.ResponseRef{Ref: "#/components/responses/" + responseName(status)})
	}
	return nil
}

const requestIDHeader = "X-Request-Id"

func headerRef(name string) *openapi3.HeaderRef {
	return &openapi3.HeaderRef{Ref: "#/components/headers/" + name}
}
