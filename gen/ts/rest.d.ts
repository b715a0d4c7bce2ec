import { type Interceptor } from "@connectrpc/connect";
import { type Client } from "./calls.js";
/** Options of connectRest. */
export interface RestOptions {
    /** Authenticates the caller to connsvc. */
    token?: string | (() => string);
    /** Run for each call before those of this package. */
    interceptors?: Interceptor[];
    /** Default: the global fetch. */
    fetch?: typeof globalThis.fetch;
}
/** Calls connsvc over DLI's REST API with fetch, as in "https://connsvc.internal:8080". */
export declare function connectRest(baseUrl: string, { token, interceptors, fetch }?: RestOptions): Client;
