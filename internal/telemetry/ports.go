package telemetry

// The ports, as metrics, the log and errors name them.
const (
	PortGRPC  = "grpc"
	PortREST  = "rest"
	PortAdmin = "admin"
)
