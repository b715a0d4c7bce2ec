package config

import (
	"slices"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// Reloadable returns the keys that can change without a restart, each with all
// keys below it. A file that changes any other key is rejected as a whole, so that
// the active configuration is always that of one file.
func Reloadable() []protoreflect.FullName {
	return []protoreflect.FullName{
		"connsvc.config.v1.Config.upstreams",
		"connsvc.config.v1.Config.auth",
		"connsvc.config.v1.Config.policy",
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

// changes returns the keys in which two configurations with defaults differ. A list
// is one key.
func changes(from, to protoreflect.Message, path ...*validate.FieldPathElement) []change {
	var all []change
	fields := from.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		at := slices.Concat(path, []*validate.FieldPathElement{name(string(field.Name()))})
		switch {
		case from.Has(field) == to.Has(field) && from.Get(field).Equal(to.Get(field)):
		case slices.Contains(Reloadable(), field.FullName()):
			all = append(all, change{path: at})
		case from.Has(field) && to.Has(field) && isSection(field):
			all = append(all, changes(from.Get(field).Message(), to.Get(field).Message(), at...)...)
		default:
			all = append(all, change{path: at, restart: true})
		}
	}
	return all
}

// isSection reports whether a key is a mapping with keys of the schema.
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

// restartViolations reports changed keys that need a restart.
func restartViolations(active, cfg *configv1.Config) []*protovalidate.Violation {
	if active == nil {
		return nil
	}
	var all []*protovalidate.Violation
	for _, c := range changes(active.ProtoReflect(), cfg.ProtoReflect()) {
		if c.restart {
			all = append(all, violation("restart", "cannot be changed by a reload: restart connsvc", c.path...))
		}
	}
	return all
}
