import { ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "./connsvc/v1/error_reason_pb.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./google/rpc/error_details_pb.js";

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
export function reason(error: unknown): ErrorReason {
  const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
  const known = ErrorReason[(info?.reason ?? "") as keyof typeof ErrorReason];
  return known ?? ErrorReason.ERROR_REASON_UNSPECIFIED;
}

/** Returns what is wrong with the request: the first 25 violations over gRPC, 1,000 over REST. */
export function violations(error: unknown): Violation[] {
  const [bad] = ConnectError.from(error).findDetails(BadRequestSchema);
  return (bad?.fieldViolations ?? []).map((v) => ({ field: v.field, rule: v.reason, description: v.description }));
}

/** Returns the milliseconds to wait before the call is made again, if connsvc says so. */
export function retryAfter(error: unknown): number | undefined {
  const [info] = ConnectError.from(error).findDetails(RetryInfoSchema);
  const delay = info?.retryDelay;
  return delay && Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1e6);
}
