import { type Interceptor } from "@connectrpc/connect";
/**
 * Checks each request by the contract's rules before it is sent: the error has the violations
 * that the server's would have, all of them.
 */
export declare function validate(): Interceptor;
