package wire

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A ListRequest is the query of dli_02_0190.
type ListRequest struct {
	Limit  *int // nil: the default
	Offset int
	Status string // StatusActive, StatusDeleted, or empty for both
	Name   string
	Tags   []Tag
}

// ReadList reads the query of a list.
func ReadList(query url.Values) (*ListRequest, error) {
	r := &ListRequest{}
	err := readQuery(query, map[string]func(string) string{
		"limit": func(text string) string {
			r.Limit = new(int)
			return readNumber(text, r.Limit)
		},
		"offset": func(text string) string { return readNumber(text, &r.Offset) },
		"status": func(text string) string {
			r.Status = strings.ToUpper(text)
			if r.Status != StatusActive && r.Status != StatusDeleted && text != "" {
				return "must be ACTIVE or DELETED"
			}
			return ""
		},
		"name": func(text string) string {
			r.Name = text
			return ""
		},
		"tags": func(text string) string { return readTags(text, &r.Tags) },
	})
	return r, err
}

// ReadObject reads the query of a list of privileges.
func ReadObject(query url.Values) (object string, err error) {
	err = readQuery(query, map[string]func(string) string{
		"object": func(text string) string {
			object = text
			return ""
		},
	})
	return object, err
}

// ReadNoQuery rejects a query for an operation that has none.
func ReadNoQuery(query url.Values) error { return readQuery(query, nil) }

// readQuery reads each parameter by the function of its name, which returns what is
// wrong with the value. An unknown or repeated name is an error.
func readQuery(query url.Values, parameters map[string]func(string) string) error {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values, read := query[name], parameters[name]
		var problem string
		switch {
		case read == nil:
			problem = "there is no such parameter"
		case len(values) > 1:
			problem = "is given twice"
		case !utf8.ValidString(values[0]):
			problem = "invalid UTF-8"
		default:
			problem = read(values[0])
		}
		if problem != "" {
			return parameterError(name + ": " + problem)
		}
	}
	return nil
}

func readNumber(text string, n *int) string {
	parsed, err := strconv.ParseInt(text, 10, 32)
	if err != nil || text[0] == '+' {
		return "must be a whole number of at most 32 bits"
	}
	*n = int(parsed)
	return ""
}

// readTags reads key=value pairs between commas.
func readTags(text string, tags *[]Tag) string {
	if text == "" {
		return ""
	}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return "must be key=value pairs"
		}
		*tags = append(*tags, Tag{Key: key, Value: &value})
	}
	return ""
}
