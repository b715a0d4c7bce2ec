package validation

// Limits and words of DLI that not only the contract's rules have.
const (
	// MaxHosts is the limit of the hosts of a connection (dli_02_0187).
	MaxHosts = 20_000
	// ObjectPrefix stands before a connection's ID where it is an object of privileges.
	ObjectPrefix = "edsconnections."
	// Reachable is the result of a connectivity test that reached its address: the only
	// documented one (dli_02_0285).
	Reachable = "REACHABLE"
)
