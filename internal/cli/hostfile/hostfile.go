// Package hostfile reads and writes the hosts of a connection as files: in the form of
// /etc/hosts, as CSV, and as JSON. What it writes it reads as the same hosts. It checks the
// form of a file; what a host may be is the contract's rule.
package hostfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A Format is a form of a file of hosts.
type Format string

// The formats.
const (
	// Hosts is the form of /etc/hosts: in each line an IP, its names, and a comment after #.
	Hosts Format = "hosts"
	// CSV has the columns name and ip, in this order unless the first line is the header
	// "ip,name".
	CSV Format = "csv"
	// JSON is a list of objects with name and ip, or an object with such a list as hosts, as
	// a connection is printed.
	JSON Format = "json"
)

// FormatOf returns the format of a file by its extension; without a known one it is Hosts.
func FormatOf(path string) Format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return CSV
	case ".json":
		return JSON
	default:
		return Hosts
	}
}

// A Host is a host of a file, and its line.
type Host struct {
	Name, IP string
	Line     int
}

// A File is what a file says.
type File struct {
	Hosts []Host
	// Skipped are the lines of a file in the form of /etc/hosts that are about the machine
	// itself: loopback, multicast and link-local addresses.
	Skipped []int
}

// Problems are all problems of a file.
type Problems []Problem

// A Problem is a problem and its line.
type Problem struct {
	Line int
	Text string
}

// In returns the problems as one error, one a line, each starting with its place.
func (ps Problems) In(path string) error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = fmt.Errorf("%s:%d: %s", path, p.Line, p.Text)
	}
	return errors.Join(errs...)
}

func (ps *Problems) add(line int, format string, args ...any) {
	*ps = append(*ps, Problem{line, fmt.Sprintf(format, args...)})
}

// byteOrderMark is how spreadsheets and editors of Windows begin a file.
var byteOrderMark = []byte("\xef\xbb\xbf")

// Read reads a file.
func Read(data []byte, format Format) (*File, Problems) {
	file := &File{}
	data = bytes.TrimPrefix(data, byteOrderMark)
	switch format {
	case CSV:
		return file, file.readCSV(data)
	case JSON:
		return file, file.readJSON(data)
	default:
		return file, file.readHosts(data)
	}
}

// readHosts reads the form of /etc/hosts.
func (f *File) readHosts(data []byte) (problems Problems) {
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if ip, err := netip.ParseAddr(words[0]); err != nil {
			problems.add(number, "%q is not an IP: a line has an IP and then names", words[0])
			continue
		} else if ofMachine(ip) {
			f.Skipped = append(f.Skipped, number)
			continue
		}
		if len(words) == 1 {
			problems.add(number, "no name follows the IP")
		}
		for _, name := range words[1:] {
			f.Hosts = append(f.Hosts, Host{name, words[0], number})
		}
	}
	return problems
}

// broadcast is in the /etc/hosts of macOS.
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// ofMachine reports whether an IP of /etc/hosts is about the machine itself.
func ofMachine(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.Is6() && strings.HasPrefix(ip.String(), "fe00:") || ip == broadcast
}

// Write writes hosts. The form of /etc/hosts cannot express each host: then nothing is
// written.
func Write(w io.Writer, hosts []*connsvcv1.Host, format Format) error {
	switch format {
	case CSV:
		return writeCSV(w, hosts)
	case JSON:
		return writeJSON(w, hosts)
	}
	var text strings.Builder
	for _, h := range hosts {
		line := h.GetIp() + "\t" + h.GetName() + "\n"
		var again File
		if problems := again.readHosts([]byte(line)); len(problems) > 0 || !slices.Equal(again.Hosts, []Host{{h.GetName(), h.GetIp(), 1}}) {
			return fmt.Errorf("the form of /etc/hosts cannot express the host with name %q and IP %q: take csv or json", h.GetName(), h.GetIp())
		}
		text.WriteString(line)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
