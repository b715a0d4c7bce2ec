package hostfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A jsonReader reads a list of hosts object by object, so that each problem has its line.
type jsonReader struct {
	*json.Decoder
	data []byte
	file *File
	Problems
	counted, line int // the line at an offset
}

func (f *File) readJSON(data []byte) Problems {
	r := &jsonReader{Decoder: json.NewDecoder(bytes.NewReader(data)), data: data, file: f, line: 1}
	err := r.readDocument()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
	case errors.As(err, &syntax):
		r.add(r.at(syntax.Offset), "not JSON: %v", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.add(r.at(int64(len(data))), "not JSON: it ends too early")
	default:
		r.add(r.at(r.InputOffset()), "%v", err)
	}
	return r.Problems
}

// at returns the line of an offset that is not before an earlier one.
func (r *jsonReader) at(offset int64) int {
	if end := min(int(offset), len(r.data)); end > r.counted {
		r.line += bytes.Count(r.data[r.counted:end], []byte("\n"))
		r.counted = end
	}
	return r.line
}

func (r *jsonReader) readDocument() error {
	token, err := r.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		err = r.readList()
	case json.Delim('{'):
		err = r.readObject()
	default:
		return errors.New("must be a list of hosts, or an object with the list as hosts")
	}
	if err != nil {
		return err
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows the hosts")
	}
	return nil
}

// readObject reads an object as ListHosts and GetEnhancedConnection return it.
func (r *jsonReader) readObject() error {
	found := false
	for r.More() {
		key, err := r.Token()
		if err != nil {
			return err
		}
		switch {
		case key != "hosts":
			var skipped json.RawMessage
			err = r.Decode(&skipped)
		case found:
			err = errors.New("the object has hosts twice")
		default:
			found = true
			var open json.Token
			if open, err = r.Token(); err == nil && open != json.Delim('[') {
				err = errors.New("hosts must be a list")
			}
			if err == nil {
				err = r.readList()
			}
		}
		if err != nil {
			return err
		}
	}
	if _, err := r.Token(); err != nil {
		return err
	}
	if !found {
		return errors.New("the object has no hosts")
	}
	return nil
}

// readList reads hosts up to the end of the list.
func (r *jsonReader) readList() error {
	for r.More() {
		var text json.RawMessage
		if err := r.Decode(&text); err != nil {
			return err
		}
		line := r.at(r.InputOffset() - int64(len(text)))
		h, err := readHost(text)
		if err != nil {
			r.add(line, "%v", err)
			continue
		}
		h.Line = line
		r.file.Hosts = append(r.file.Hosts, h)
	}
	_, err := r.Token()
	return err
}

var errNoHost = errors.New("must be an object with name and ip, both text")

// readHost reads a host. encoding/json would also take NAME for name, and the last of two names.
func readHost(text []byte) (h Host, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return h, errNoHost
	}
	seen := make(map[json.Token]bool)
	for d.More() {
		key, err := d.Token()
		field := &h.Name
		switch {
		case err != nil:
			return h, errNoHost
		case seen[key]:
			return h, fmt.Errorf("%w: field %q is there twice", errNoHost, key)
		case key == "ip":
			field = &h.IP
		case key != "name":
			return h, fmt.Errorf("%w: unknown field %q", errNoHost, key)
		}
		seen[key] = true
		if d.Decode(field) != nil {
			return h, errNoHost
		}
	}
	return h, nil
}

// writeJSON writes one host a line.
func writeJSON(w io.Writer, hosts []*connsvcv1.Host) error {
	var text bytes.Buffer
	text.WriteString("[")
	for i, h := range hosts {
		line, err := json.Marshal(struct {
			Name string `json:"name,omitempty"`
			IP   string `json:"ip,omitempty"`
		}{h.GetName(), h.GetIp()})
		if err != nil {
			return fmt.Errorf("host %d: %w", i, err)
		}
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString("\n  ")
		text.Write(line)
	}
	if len(hosts) > 0 {
		text.WriteByte('\n')
	}
	text.WriteString("]\n")
	_, err := text.WriteTo(w)
	return err
}
