export * from "./calls.js";
export * from "./errors.js";
export * from "./rest.js";
export * from "./connsvc/v1/connection_service_pb.js";
export * from "./connsvc/v1/enhanced_connection_pb.js";
export * from "./connsvc/v1/error_reason_pb.js";
export * from "./connsvc/v1/waiting_pb.js";
