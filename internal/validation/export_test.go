package validation

// HostRules returns the IDs of the rules that checkHost says a host breaks.
func HostRules(name, ip string) []string {
	var ids []string
	faults := checkHost(name, ip)
	for _, rule := range []struct {
		fault hostFaults
		id    string
	}{{hostEmpty, "host.empty"}, {hostName, "host.name"}, {hostIP, "string.ipv4"}} {
		if faults&rule.fault != 0 {
			ids = append(ids, rule.id)
		}
	}
	return ids
}
