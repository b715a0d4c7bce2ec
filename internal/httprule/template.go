package httprule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// readTemplate fills Path and PathNames from Template, whose segments are each
// either literal or one "{field}".
func (b *Binding) readTemplate() error {
	rest, ok := strings.CutPrefix(b.Template, "/")
	if !ok {
		return errors.New("does not start with /")
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if segment == "" {
			return errors.New("an empty segment")
		}
		name, isVariable := variable(segment)
		if !isVariable {
			if !isLiteral(segment) {
				return fmt.Errorf("segment %q is not supported: only literals and {field}", segment)
			}
			continue
		}
		if err := b.addVariable(name); err != nil {
			return err
		}
	}
	return nil
}

func (b *Binding) addVariable(name protoreflect.Name) error {
	field := b.Method.Input().Fields().ByName(name)
	switch {
	case field == nil:
		return fmt.Errorf("{%s} is no field of %s", name, b.Method.Input().FullName())
	case field.Kind() != protoreflect.StringKind || field.IsList() || field.HasPresence():
		return fmt.Errorf("{%s} is not a plain string", name)
	case slices.Contains(b.PathNames, name):
		return fmt.Errorf("{%s} stands twice", name)
	}
	b.Path = append(b.Path, field)
	b.PathNames = append(b.PathNames, name)
	return nil
}

// variable returns the field of a segment "{field}".
func variable(segment string) (protoreflect.Name, bool) {
	inner, opened := strings.CutPrefix(segment, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	name := protoreflect.Name(inner)
	return name, opened && closed && name.IsValid()
}

// isLiteral reports whether a segment means itself, as it stands in a URL, both
// in a google.api.http template and in a pattern of http.ServeMux.
func isLiteral(segment string) bool {
	if segment == "." || segment == ".." {
		return false
	}
	return !strings.ContainsFunc(segment, func(r rune) bool {
		letterOrDigit := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letterOrDigit && !strings.ContainsRune("-._~", r)
	})
}
