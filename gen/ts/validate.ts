import type { DescField } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "./google/rpc/error_details_pb.js";

/**
 * Checks each request by the contract's rules before it is sent: the error has the violations
 * that the server's would have, all of them.
 */
export function validate(): Interceptor {
  const validator = createValidator();
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const result = validator.validate(request.method.input, request.message);
    if (result.kind === "error") throw result.error;
    if (result.kind === "invalid") throw invalid(result.violations);
    return next(request);
  };
}

function invalid(found: Violation[]): ConnectError {
  const fieldViolations = found.map((v) => ({
    field: path(v), description: v.message, reason: v.ruleId.toUpperCase().replace(/[^A-Z0-9]/g, "_").slice(0, 63),
  }));
  const [first] = fieldViolations;
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : "";
  return new ConnectError(`request is not valid: ${first.field}: ${first.description}${more}`, Code.InvalidArgument, undefined, [
    { desc: ErrorInfoSchema, value: { reason: "VALIDATION_FAILED", domain: "connsvc.v1", metadata: { violations_total: String(found.length) } } },
    { desc: BadRequestSchema, value: { fieldViolations } },
  ]);
}

/** Returns the path of a field in JSON names, as in "hosts[3].ip". */
function path(violation: Violation): string {
  let text = "";
  for (const element of violation.field) {
    if (element.kind === "list_sub") text += `[${element.index}]`;
    else if (element.kind === "field") text += (text && ".") + (element as DescField).jsonName;
  }
  return text;
}
