package dlijson

import (
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A list of hosts has up to 20,000 elements, and protoreflect costs several times as
// much for each. So hosts, and only they, have code for the generated type; the fuzz
// tests compare it with the general code.

// hostsOf returns the hosts of a generated message, nil for any other message.
func hostsOf(m protoreflect.Message) *[]*connsvcv1.Host {
	switch m := m.Interface().(type) {
	case *connsvcv1.CreateEnhancedConnectionRequest:
		return &m.Hosts
	case *connsvcv1.UpdateEnhancedConnectionHostsRequest:
		return &m.Hosts
	case *connsvcv1.EnhancedConnection:
		return &m.Hosts
	case *connsvcv1.EnhancedConnectionSpec:
		return &m.Hosts
	case *connsvcv1.AddHostsRequest:
		return &m.Hosts
	case *connsvcv1.RemoveHostsRequest:
		return &m.Hosts
	case *connsvcv1.ListHostsResponse:
		return &m.Hosts
	}
	return nil
}

// Hosts are allocated in blocks, each twice as long as the previous one. A block stays
// in memory while any of its hosts is in use.
const minBlock, maxBlock = 2, 256

func (d *decoder) hosts(p *plan) ([]*connsvcv1.Host, error) {
	var list []*connsvcv1.Host
	var block []connsvcv1.Host
	err := d.list(func() error {
		if len(block) == cap(block) {
			block = make([]connsvcv1.Host, 0, min(max(2*cap(block), minBlock), maxBlock))
			if err := d.grow(unsafe.Sizeof(block[:1][0]), cap(block)); err != nil {
				return err
			}
		}
		block = block[:len(block)+1]
		host := &block[len(block)-1]
		list = append(list, host)
		return d.host(host, p)
	})
	return list, err
}

func (d *decoder) host(host *connsvcv1.Host, p *plan) error {
	o := object{plan: p}
	if err := d.enterObject(); err != nil {
		return err
	}
	for {
		f, err := d.member(&o)
		if f == nil || err != nil {
			return err
		}
		switch f.name {
		case "name":
			host.Name, err = d.string()
		case "ip":
			host.Ip, err = d.string()
		default:
			err = d.field(host.ProtoReflect(), f)
		}
		if err != nil {
			return within(f.name, err)
		}
	}
}

func (e encoder) hosts(b []byte, list []*connsvcv1.Host) ([]byte, error) {
	b = append(b, '[')
	for i, host := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		var err error
		if name := host.GetName(); name != "" || e.zeros {
			if b, err = appendString(append(b, `"name":`...), name); err != nil {
				return b, withinIndex(i, within("name", err))
			}
		}
		if ip := host.GetIp(); ip != "" || e.zeros {
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			if b, err = appendString(append(b, `"ip":`...), ip); err != nil {
				return b, withinIndex(i, within("ip", err))
			}
		}
		b = append(b, '}')
	}
	return append(b, ']'), nil
}
