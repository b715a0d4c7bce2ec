import { type MessageInitShape } from "@bufbuild/protobuf";
import { type Client as ClientOf, type Interceptor } from "@connectrpc/connect";
import { ConnectionService, ListEnhancedConnectionsRequestSchema, type CreateEnhancedConnectionRequestSchema, type CreateEnhancedConnectionResponse } from "./connsvc/v1/connection_service_pb.js";
import type { EnhancedConnection } from "./connsvc/v1/enhanced_connection_pb.js";
import { WatchEnhancedConnectionsRequestSchema, type WatchEnhancedConnectionsResponse } from "./connsvc/v1/waiting_pb.js";
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
/**
 * Returns the connection, without its hosts, once its queues and pools can use it: no peering is
 * CREATING. It goes on at another replica when one stops.
 */
export declare function waitActive(client: Client, projectId: string, connectionId: string, { signal }?: {
    signal?: AbortSignal | undefined;
}): Promise<EnhancedConnection>;
/**
 * Yields the events of a watch over gRPC, until the signal aborts. It watches again from where the
 * watch was broken off, when connsvc says RECONNECT or the network fails. Before SYNCED an ADDED
 * may come again. Over REST use EventSource.
 */
export declare function watch(client: Client, request: MessageInitShape<typeof WatchEnhancedConnectionsRequestSchema>, signal: AbortSignal): AsyncGenerator<WatchEnhancedConnectionsResponse>;
/** Retries calls that the contract declares idempotent while they are UNAVAILABLE. */
export declare const retryIdempotent: Interceptor;
/** Authenticates the caller to connsvc. */
export declare function bearer(token: string | (() => string)): Interceptor;
