package emulator

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// DLI's limits (dli_02_0187).
const (
	maxHosts = 20_000
	maxTags  = 20
)

// word reports whether s is 1 to limit letters, digits and bytes of more.
func word(s string, limit int, more string) bool {
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

// checkCreate checks the values of a create request (dli_02_0187). VPC and subnet
// need only be there: no document says that they are UUIDs.
func checkCreate(r *connsvcv1.CreateEnhancedConnectionRequest) error {
	switch {
	case !word(r.GetName(), 64, "_"):
		return refuse(codeParameter, "name: 1 to 64 letters, digits and underscores are allowed.")
	case r.GetDestVpcId() == "":
		return refuse(codeParameter, "dest_vpc_id: the parameter is mandatory.")
	case r.GetDestNetworkId() == "":
		return refuse(codeParameter, "dest_network_id: the parameter is mandatory.")
	}
	if err := checkHosts(r.GetHosts()); err != nil {
		return err
	}
	if err := checkTags(r.GetTags()); err != nil {
		return err
	}
	return checkBindings(r.GetQueues(), r.GetElasticResourcePools())
}

// checkHosts checks hosts (dli_02_0187, dli_02_0200). Both fields of one are
// optional there, so an entry with neither is no error.
func checkHosts(hosts []*connsvcv1.Host) error {
	if len(hosts) > maxHosts {
		return refuse(codeParameter, "hosts: a maximum of %d records are supported.", maxHosts)
	}
	for i, h := range hosts {
		name := h.GetName()
		if name != "" && (!isLetter(name[0]) || !word(name, 128, "_-.")) {
			return refuse(codeParameter, "hosts[%d].name: 1 to 128 letters, digits, underscores, hyphens and periods are allowed, the first a letter.", i)
		}
		if ip := h.GetIp(); ip != "" {
			if a, err := netip.ParseAddr(ip); err != nil || !a.Is4() {
				return refuse(codeParameter, "hosts[%d].ip: an IPv4 address is required.", i)
			}
		}
	}
	return nil
}

// checkTags checks tags (dli_02_0187), also those of a list's filter.
func checkTags(tags []*connsvcv1.Tag) error {
	if len(tags) > maxTags {
		return refuse(codeParameter, "tags: a maximum of %d tags are allowed.", maxTags)
	}
	keys := make(map[string]bool, len(tags))
	for i, t := range tags {
		key := t.GetKey()
		switch {
		case key == "" || !tagText(key, 128):
			return refuse(codeParameter, "tags[%d].key: 1 to 128 letters, numbers, spaces and _.:+-@ are allowed.", i)
		case strings.Trim(key, " ") != key || strings.HasPrefix(key, "_sys_"):
			return refuse(codeParameter, "tags[%d].key: the key cannot start or end with a space or start with _sys_.", i)
		case keys[key]:
			return refuse(codeParameter, "tags[%d].key: the key is there twice.", i)
		case t.Value == nil:
			return refuse(codeParameter, "tags[%d].value: the parameter is mandatory.", i)
		case !tagText(t.GetValue(), 255):
			return refuse(codeParameter, "tags[%d].value: at most 255 letters, numbers, spaces and _.:+-@ are allowed.", i)
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

// checkBindings checks names of queues and pools. A name that stands twice is
// bound once.
func checkBindings(queues, pools []string) error {
	for i, name := range queues {
		if strings.EqualFold(name, "default") {
			return refuse(codeNotSupported, "The operation is not supported. The default queue cannot be bound to a datasource connection.")
		}
		if !queueName(name) {
			return refuse(codeParameter, "queues[%d]: %s", i, queueNameRule)
		}
	}
	for i, name := range pools {
		if !queueName(name) {
			return refuse(codeParameter, "elastic_resource_pools[%d]: %s", i, queueNameRule)
		}
	}
	return nil
}

const queueNameRule = "1 to 128 letters, digits and underscores are allowed, not only digits, the first no underscore."

func queueName(s string) bool {
	return word(s, 128, "_") && s[0] != '_' && strings.Trim(s, "0123456789") != ""
}

// parseDestination reads the cidr of a route: a CIDR block, or a bare address as
// in the document's own example. Two routes are identical if they lead to the same
// addresses, whatever the host bits. What DLI advises against (100.64.0.0/10 and
// 100.125.0.0/16) it takes.
func parseDestination(cidr string) (netip.Prefix, error) {
	if !strings.Contains(cidr, "/") {
		if a, err := netip.ParseAddr(cidr); err == nil && a.Zone() == "" {
			return netip.PrefixFrom(a, a.BitLen()), nil
		}
	} else if p, err := netip.ParsePrefix(cidr); err == nil {
		return p.Masked(), nil
	}
	return netip.Prefix{}, refuse(codeParameter, "cidr: an IPv4 or IPv6 CIDR block is required.")
}
