// A client of connsvc, the gateway for DLI enhanced datasource connections: the calls over
// REST, for browsers too. "@connsvc/client/node" calls over gRPC, and
// "@connsvc/client/validate" checks requests before they are sent.
export * from "./calls.js";
export * from "./errors.js";
export * from "./rest.js";
export * from "./connsvc/v1/connection_service_pb.js";
export * from "./connsvc/v1/enhanced_connection_pb.js";
export * from "./connsvc/v1/error_reason_pb.js";
export * from "./connsvc/v1/waiting_pb.js";
