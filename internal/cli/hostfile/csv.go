package hostfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

func (f *File) readCSV(data []byte) (problems Problems) {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord = -1
	name, ip := 0, 1
	for first := true; ; first = false {
		record, err := reader.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return problems
		case errors.As(err, &broken):
			problems.add(broken.StartLine, "not CSV: %v", broken.Err) // of a quote that is not closed, Line is the end
			return problems                                           // where the next record starts is unknown
		case err != nil:
			problems.add(1, "%v", err)
			return problems
		}
		line, _ := reader.FieldPos(0)
		switch {
		case first && slices.Equal(record, []string{"name", "ip"}):
		case first && slices.Equal(record, []string{"ip", "name"}):
			name, ip = 1, 0
		case len(record) != 2:
			problems.add(line, "%d columns: a host has two, name and ip", len(record))
		default:
			f.Hosts = append(f.Hosts, Host{record[name], record[ip], line})
		}
	}
}

func writeCSV(w io.Writer, hosts []*connsvcv1.Host) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"name", "ip"}) // Flush has the error
	for _, h := range hosts {
		_ = out.Write([]string{h.GetName(), h.GetIp()})
	}
	out.Flush()
	return out.Error()
}
