import { type MessageInitShape } from "@bufbuild/protobuf";
import { type Client as ClientOf, type Interceptor } from "@connectrpc/connect";
import { ConnectionService, ListEnhancedConnectionsRequestSchema, type CreateEnhancedConnectionRequestSchema, type CreateEnhancedConnectionResponse } from "./connsvc/v1/connection_service_pb.js";
import { type EnhancedConnection } from "./connsvc/v1/enhanced_connection_pb.js";
/** The RPCs as methods, over gRPC or REST. */
export type Client = ClientOf<typeof ConnectionService>;
/** DLI could not connect a queue or elastic resource pool. */
export declare class PeeringFailed extends Error {
}
/**
 * Creates a connection, and repeats the call until its outcome is known or the signal aborts.
 * It sets the requestId of the request if there is none: the same request can be given again.
 */
export declare function create(client: Client, request: MessageInitShape<typeof CreateEnhancedConnectionRequestSchema>, { signal, attemptTimeoutMs }?: {
    signal?: AbortSignal | undefined;
    attemptTimeoutMs?: number | undefined;
}): Promise<CreateEnhancedConnectionResponse>;
/** Yields the connections of a list, page by page. */
export declare function list(client: Client, request: MessageInitShape<typeof ListEnhancedConnectionsRequestSchema>, timeoutMs?: number): AsyncGenerator<EnhancedConnection>;
/** Returns the connection once its queues and pools can use it: all peerings are ACTIVE. */
export declare function waitActive(client: Client, projectId: string, connectionId: string, { signal, intervalMs }?: {
    signal?: AbortSignal | undefined;
    intervalMs?: number | undefined;
}): Promise<EnhancedConnection>;
/** Retries calls that the contract declares idempotent while they are UNAVAILABLE. */
export declare const retryIdempotent: Interceptor;
/** Authenticates the caller to connsvc. */
export declare function bearer(token: string | (() => string)): Interceptor;
