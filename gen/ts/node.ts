import type { SecureClientSessionOptions } from "node:http2";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { bearer, retryIdempotent, type Client } from "./calls.js";
import { ConnectionService } from "./connsvc/v1/connection_service_pb.js";

/** Options of connectGrpc. */
export interface GrpcOptions {
  /** Authenticates the caller to connsvc. */
  token?: string | (() => string);
  /** As of http2.connect: ca, key and cert, for example. */
  tls?: SecureClientSessionOptions;
  /** Run for each call before those of this package. */
  interceptors?: Interceptor[];
}

/** Calls connsvc over gRPC, as in "https://connsvc.internal:9090"; http is plaintext. */
export function connectGrpc(baseUrl: string, { token, tls, interceptors = [] }: GrpcOptions = {}): Client {
  return createClient(ConnectionService, createGrpcTransport({
    baseUrl,
    nodeOptions: tls,
    interceptors: [...interceptors, ...(token ? [bearer(token)] : []), retryIdempotent],
    pingIntervalMs: 30_000,
    pingTimeoutMs: 10_000,
    readMaxBytes: 64 << 20,
  }));
}
