import type { SecureClientSessionOptions } from "node:http2";
import { type Interceptor } from "@connectrpc/connect";
import { type Client } from "./calls.js";
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
export declare function connectGrpc(baseUrl: string, { token, tls, interceptors }?: GrpcOptions): Client;
