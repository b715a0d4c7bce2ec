import { ErrorReason } from "./connsvc/v1/error_reason_pb.js";
/** A field of a request that breaks a rule of the contract. */
export interface Violation {
    /** As in "hosts[3].ip"; empty: the request as a whole. */
    field: string;
    /** As in "STRING_IPV4". */
    rule: string;
    description: string;
}
/**
 * Returns why connsvc failed a call. It is UNSPECIFIED if the error is not connsvc's, but of
 * the connection to it, or if the reason is newer than this package.
 */
export declare function reason(error: unknown): ErrorReason;
/** Returns what is wrong with the request: the first 25 violations over gRPC, 1,000 over REST. */
export declare function violations(error: unknown): Violation[];
/** Returns the milliseconds to wait before the call is made again, if connsvc says so. */
export declare function retryAfter(error: unknown): number | undefined;
