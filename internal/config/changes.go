package config

import (
	"slices"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// Reloadable returns the keys that change while connsvc runs, each with all below
// it. A file that changes another one is refused as a whole: what runs is always
// what one file says, never the half of it that could be had without a restart.
func Reloadable() []protoreflect.FullName {
	return []protoreflect.FullName{
		"connsvc.config.v1.Config.upstreams",
		"connsvc.config.v1.Log.level",
		"connsvc.config.v1.Reload.interval",
		"connsvc.config.v1.Reload.disable_watch",
	}
}

// A change is a key that differs between two configurations.
type change struct {
	path    []*validate.FieldPathElement
	restart bool // it is not reloadable
}

// changes returns what differs between two configurations with their defaults. A
// list is one key.
func changes(from, to protoreflect.Message, path ...*validate.FieldPathElement) []change {
	var all []change
	fields := from.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		at := slices.Concat(path, []*validate.FieldPathElement{name(string(field.Name()))})
		has := from.Has(field) && to.Has(field)
		switch {
		case from.Has(field) == to.Has(field) && from.Get(field).Equal(to.Get(field)):
		case slices.Contains(Reloadable(), field.FullName()):
			all = append(all, change{path: at})
		case has && isSection(field):
			all = append(all, changes(from.Get(field).Message(), to.Get(field).Message(), at...)...)
		default:
			all = append(all, change{path: at, restart: true})
		}
	}
	return all
}

// isSection tells whether a key has keys below it, and is not a list.
func isSection(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && !field.IsList() && field.Message().ParentFile() == configv1.File_connsvc_config_v1_config_proto
}

func keys(changed []change) []string {
	all := make([]string, len(changed))
	for i, c := range changed {
		all[i] = protovalidate.FieldPathString(validate.FieldPath_builder{Elements: c.path}.Build())
	}
	return all
}

// restartViolations finds what cannot take the place of what runs.
func restartViolations(running, cfg *configv1.Config) []*protovalidate.Violation {
	if running == nil {
		return nil
	}
	var all []*protovalidate.Violation
	for _, c := range changes(running.ProtoReflect(), cfg.ProtoReflect()) {
		if c.restart {
			all = append(all, violation("restart", "changes with a restart only", c.path...))
		}
	}
	return all
}
