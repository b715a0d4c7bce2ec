// Command grpcpyi is a plugin of protoc: it writes the types (.pyi) of the stubs that
// gRPC's own plugin generates for Python without any. It is a tool of the build.
package main

import (
	"path"
	"strings"
	"text/template"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	protogen.Options{}.Run(func(plugin *protogen.Plugin) error {
		plugin.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)
		for _, file := range plugin.Files {
			if !file.Generate || len(file.Services) == 0 {
				continue
			}
			name := strings.TrimSuffix(file.Desc.Path(), ".proto") + "_pb2_grpc.pyi"
			if err := types.Execute(plugin.NewGeneratedFile(name, ""), file); err != nil {
				return err
			}
		}
		return nil
	})
}

// types are those of clients: a stub's methods for grpc and, as a class that exists for the
// type checker alone, for grpc.aio.
var types = template.Must(template.New("").Funcs(template.FuncMap{
	"modules": modules, "class": class, "kind": kind,
}).Parse(`# Generated from {{.Desc.Path}}. DO NOT EDIT.
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from typing import Any, Optional, Protocol, TypeVar, Union

import grpc
import grpc.aio
{{range modules .}}
import {{.}}
{{- end}}

_Request = TypeVar("_Request", contravariant=True)
_Response = TypeVar("_Response", covariant=True)
_Metadata = Sequence[tuple[str, Union[str, bytes]]]

class _Unary(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> _Response: ...
    def with_call(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> tuple[_Response, grpc.Call]: ...
    def future(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> Any: ...

class _Events(Iterator[_Response], Protocol[_Response]):
    def cancel(self) -> bool: ...

class _Stream(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> _Events[_Response]: ...

class _AsyncUnary(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, *, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> Awaitable[_Response]: ...

class _AsyncEvents(AsyncIterator[_Response], Protocol[_Response]):
    def cancel(self) -> bool: ...

class _AsyncStream(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, *, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> _AsyncEvents[_Response]: ...
{{range .Services}}
class {{.GoName}}Stub:
    def __init__(self, channel: grpc.Channel) -> None: ...
{{- range .Methods}}
    {{.Desc.Name}}: _{{kind .}}[{{class .Input}}, {{class .Output}}]
{{- end}}

class {{.GoName}}AsyncStub:
    """The type of {{.GoName}}Stub over a channel of grpc.aio; it does not exist at run time."""
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
{{- range .Methods}}
    {{.Desc.Name}}: _Async{{kind .}}[{{class .Input}}, {{class .Output}}]
{{- end}}

class {{.GoName}}Servicer:
{{- range .Methods}}
    def {{.Desc.Name}}(self, request: {{class .Input}}, context: Any) -> Any: ...
{{- end}}

def add_{{.GoName}}Servicer_to_server(servicer: {{.GoName}}Servicer, server: Any) -> None: ...
{{end}}`))

// kind is Unary, or Stream where the server sends a stream.
func kind(m *protogen.Method) string {
	if m.Desc.IsStreamingServer() {
		return "Stream"
	}
	return "Unary"
}

// class returns the Python class of a message.
func class(m *protogen.Message) string {
	return module(m) + "." + strings.TrimPrefix(string(m.Desc.FullName()), string(m.Desc.ParentFile().Package())+".")
}

func module(m *protogen.Message) string {
	file := strings.TrimSuffix(m.Desc.ParentFile().Path(), path.Ext(m.Desc.ParentFile().Path()))
	return strings.ReplaceAll(file, "/", ".") + "_pb2"
}

// modules returns what the types of a file import, each once.
func modules(file *protogen.File) []string {
	seen := map[string]bool{}
	var all []string
	for _, service := range file.Services {
		for _, method := range service.Methods {
			for _, m := range []*protogen.Message{method.Input, method.Output} {
				if name := module(m); !seen[name] {
					seen[name] = true
					all = append(all, name)
				}
			}
		}
	}
	return all
}
