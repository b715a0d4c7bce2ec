package wire

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DLI's limits (dli_02_0187).
const (
	maxHosts = 20_000
	maxTags  = 20
)

// Word reports whether s is 1 to limit ASCII letters, digits and bytes of more.
func Word(s string, limit int, more string) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && strings.IndexByte(more, s[i]) < 0 {
			return false
		}
	}
	return true
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return '0' <= b && b <= '9' }

// Check checks the values (dli_02_0187). No document says that the IDs of VPC and
// subnet are UUIDs.
func (r *CreateRequest) Check() error {
	switch {
	case !Word(r.Name, 64, "_"):
		return Errorf(CodeParameter, "name: 1 to 64 letters, digits and underscores are allowed.")
	case r.DestVPCID == "":
		return Errorf(CodeParameter, "dest_vpc_id: the parameter is mandatory.")
	case r.DestNetworkID == "":
		return Errorf(CodeParameter, "dest_network_id: the parameter is mandatory.")
	}
	if err := checkHosts(r.Hosts); err != nil {
		return err
	}
	if err := checkTags(r.Tags); err != nil {
		return err
	}
	return checkBindings(r.Queues, r.ElasticResourcePools)
}

// Check checks the values (dli_02_0200).
func (r *HostsRequest) Check() error { return checkHosts(r.Hosts) }

// Check checks the values (dli_02_0191). Either list is optional there, but a
// call without a name is rejected.
func (r *BindRequest) Check() error {
	if len(r.Queues)+len(r.ElasticResourcePools) == 0 {
		return Errorf(CodeParameter, "queues: at least one queue or elastic resource pool is required.")
	}
	return checkBindings(r.Queues, r.ElasticResourcePools)
}

// Check checks the values (dli_02_0371); ParseDestination checks the cidr.
func (r *RouteRequest) Check() error {
	if !Word(r.Name, 64, "_-") {
		return Errorf(CodeParameter, "name: 1 to 64 letters, digits, underscores and hyphens are allowed.")
	}
	return nil
}

// Check checks the address (dli_02_0284): an IPv4 address or a domain name, and a port.
func (r *ConnectivityRequest) Check() error {
	host, port, ok := strings.Cut(r.Address, ":")
	if number, err := strconv.Atoi(port); !ok || err != nil || port[0] < '1' || port[0] > '9' || number > 65535 || !domainName(host) {
		return Errorf(CodeParameter, "address: an IPv4 address or a domain name and a port are required, as in iam.example.com:443.")
	}
	return nil
}

// domainName reports whether s is labels of letters, digits and inner hyphens. An IPv4
// address is one, too.
func domainName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !Word(label, 63, "-") || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// QueueName checks the queue of a path.
func QueueName(s string) error {
	if !queueName(s) {
		return Errorf(CodeParameter, "queue_name: %s", queueNameRule)
	}
	return nil
}

// checkHosts checks hosts. Name and address are both optional.
func checkHosts(hosts []Host) error {
	if len(hosts) > maxHosts {
		return Errorf(CodeParameter, "hosts: a maximum of %d records are supported.", maxHosts)
	}
	for i, h := range hosts {
		name := h.Name
		if name != "" && (!isLetter(name[0]) || !Word(name, 128, "_-.")) {
			return Errorf(CodeParameter, "hosts[%d].name: 1 to 128 letters, digits, underscores, hyphens and periods are allowed, the first a letter.", i)
		}
		if ip := h.IP; ip != "" {
			if a, err := netip.ParseAddr(ip); err != nil || !a.Is4() {
				return Errorf(CodeParameter, "hosts[%d].ip: an IPv4 address is required.", i)
			}
		}
	}
	return nil
}

// checkTags checks tags, of a create or of a list's filter.
func checkTags(tags []Tag) error {
	if len(tags) > maxTags {
		return Errorf(CodeParameter, "tags: a maximum of %d tags are allowed.", maxTags)
	}
	keys := make(map[string]bool, len(tags))
	for i, t := range tags {
		key := t.Key
		switch {
		case key == "" || !tagText(key, 128):
			return Errorf(CodeParameter, "tags[%d].key: 1 to 128 letters, numbers, spaces and _.:+-@ are allowed.", i)
		case strings.Trim(key, " ") != key || strings.HasPrefix(key, "_sys_"):
			return Errorf(CodeParameter, "tags[%d].key: the key cannot start or end with a space or start with _sys_.", i)
		case keys[key]:
			return Errorf(CodeParameter, "tags[%d].key: the key is given twice.", i)
		case t.Value == nil:
			return Errorf(CodeParameter, "tags[%d].value: the parameter is mandatory.", i)
		case !tagText(*t.Value, 255):
			return Errorf(CodeParameter, "tags[%d].value: at most 255 letters, numbers, spaces and _.:+-@ are allowed.", i)
		}
		keys[key] = true
	}
	return nil
}

func tagText(s string, limit int) bool {
	return utf8.RuneCountInString(s) <= limit && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune(" _.:+-@", r)
	}) < 0
}

// checkBindings checks names of queues and pools. They may repeat.
func checkBindings(queues, pools []string) error {
	for i, name := range queues {
		if strings.EqualFold(name, "default") {
			return Errorf(CodeNotSupported, "The operation is not supported. The default queue cannot be bound to a datasource connection.")
		}
		if !queueName(name) {
			return Errorf(CodeParameter, "queues[%d]: %s", i, queueNameRule)
		}
	}
	for i, name := range pools {
		if !queueName(name) {
			return Errorf(CodeParameter, "elastic_resource_pools[%d]: %s", i, queueNameRule)
		}
	}
	return nil
}

const queueNameRule = "1 to 128 letters, digits and underscores are allowed, not only digits, the first no underscore."

func queueName(s string) bool {
	return Word(s, 128, "_") && s[0] != '_' && strings.Trim(s, "0123456789") != ""
}

// ParseDestination reads the cidr of a route: a CIDR block, or a bare address as in
// the document's own example. It drops the host bits: two routes to the same
// addresses are identical. DLI accepts what it advises against (100.64.0.0/10 and
// 100.125.0.0/16).
func ParseDestination(cidr string) (netip.Prefix, error) {
	if !strings.Contains(cidr, "/") {
		if a, err := netip.ParseAddr(cidr); err == nil && a.Zone() == "" {
			return netip.PrefixFrom(a, a.BitLen()), nil
		}
	} else if p, err := netip.ParsePrefix(cidr); err == nil {
		return p.Masked(), nil
	}
	return netip.Prefix{}, Errorf(CodeParameter, "cidr: an IPv4 or IPv6 CIDR block is required.")
}

// Check checks the values (dli_02_0190). maxLimit is the largest limit; 0: any.
func (r *ListRequest) Check(maxLimit int) error {
	switch {
	case r.Limit != nil && *r.Limit < 0:
		return Errorf(CodeParameter, "limit: the value cannot be negative.")
	case r.Limit != nil && maxLimit > 0 && *r.Limit > maxLimit:
		return Errorf(CodeParameter, "limit: the value cannot be larger than %d.", maxLimit)
	case r.Offset < 0:
		return Errorf(CodeParameter, "offset: the value cannot be negative.")
	}
	return checkTags(r.Tags)
}
