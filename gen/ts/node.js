import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { bearer, retryIdempotent } from "./calls.js";
import { ConnectionService } from "./connsvc/v1/connection_service_pb.js";
/** Calls connsvc over gRPC, as in "https://connsvc.internal:9090"; http is plaintext. */
export function connectGrpc(baseUrl, { token, tls, interceptors = [] } = {}) {
    return createClient(ConnectionService, createGrpcTransport({
        baseUrl,
        nodeOptions: tls,
        interceptors: [...interceptors, ...(token ? [bearer(token)] : []), retryIdempotent],
        pingIntervalMs: 30_000,
        pingTimeoutMs: 10_000,
        readMaxBytes: 64 << 20,
    }));
}
