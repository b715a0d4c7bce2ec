import { create as init } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ListEnhancedConnectionsRequestSchema, } from "./connsvc/v1/connection_service_pb.js";
import { ErrorReason } from "./connsvc/v1/error_reason_pb.js";
import { WaitEnhancedConnectionResponse_Reached, WatchEnhancedConnectionsRequestSchema, } from "./connsvc/v1/waiting_pb.js";
import { reason, retryAfter } from "./errors.js";
import { ErrorInfoSchema } from "./google/rpc/error_details_pb.js";
/** DLI could not connect a queue or elastic resource pool. */
export class PeeringFailed extends Error {
}
/**
 * Creates a connection, and repeats the call until its outcome is known or the signal aborts.
 * It sets the requestId of the request if there is none: the same request can be given again.
 */
export async function create(client, request, { signal = AbortSignal.timeout(180_000), attemptTimeoutMs = 45_000 } = {}) {
    request.requestId ||= crypto.randomUUID();
    for (;;) {
        try {
            return await client.createEnhancedConnection(request, { signal, timeoutMs: attemptTimeoutMs });
        }
        catch (error) {
            if (!repeatable(error) || !(await sleep(retryAfter(error) ?? 1000, signal)))
                throw error;
        }
    }
}
function repeatable(error) {
    const { code } = ConnectError.from(error);
    const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
    // With an ID that connsvc could not store, a repeat would be another create.
    if (info?.metadata.request_id_stored === "false")
        return false;
    return retryAfter(error) !== undefined || code === Code.Unavailable || code === Code.DeadlineExceeded ||
        reason(error) === ErrorReason.CREATE_OUTCOME_UNKNOWN;
}
/** Yields the connections of a list, page by page. */
export async function* list(client, request, timeoutMs = 30_000) {
    const page = init(ListEnhancedConnectionsRequestSchema, { ...request, limit: request.limit || 100 });
    let next = page.offset;
    for (;;) {
        const { connections, nextPageToken } = await client.listEnhancedConnections(page, { timeoutMs });
        yield* connections;
        next += connections.length;
        // REST has DLI's own pages, without tokens.
        if (!nextPageToken && connections.length < page.limit)
            return;
        page.pageToken = nextPageToken ?? "";
        page.offset = nextPageToken ? 0 : next;
    }
}
/**
 * Returns the connection, without its hosts, once its queues and pools can use it: no peering is
 * CREATING. It goes on at another replica when one stops.
 */
export async function waitActive(client, projectId, connectionId, { signal = AbortSignal.timeout(600_000) } = {}) {
    for (;;) {
        let response;
        try {
            // Shorter than proxies and browsers keep a response that does not come.
            response = await client.waitEnhancedConnection({ projectId, connectionId, timeout: { seconds: 30n } }, { signal, timeoutMs: 45_000 });
        }
        catch (error) {
            const wait = retryAfter(error);
            if (wait === undefined || !(await sleep(wait, signal)))
                throw error;
            continue;
        }
        switch (response.reached) {
            case WaitEnhancedConnectionResponse_Reached.READY:
                return response.connection;
            case WaitEnhancedConnectionResponse_Reached.FAILED:
                throw new PeeringFailed(response.failures.map((f) => `${f.name}: ${f.errMsg}`).join("; "));
            case WaitEnhancedConnectionResponse_Reached.GONE:
                throw new ConnectError("the connection does not exist any more", Code.NotFound);
        }
        signal.throwIfAborted();
    }
}
/**
 * Yields the events of a watch over gRPC, until the signal aborts. It watches again from where the
 * watch was broken off, when connsvc says RECONNECT or the network fails. Before SYNCED an ADDED
 * may come again. Over REST use EventSource.
 */
export async function* watch(client, request, signal) {
    const next = init(WatchEnhancedConnectionsRequestSchema, request);
    for (;;) {
        let pause = 1000;
        try {
            for await (const event of client.watchEnhancedConnections(next, { signal })) {
                next.resumeToken = event.resumeToken || next.resumeToken;
                pause = 0;
                yield event;
            }
        }
        catch (error) {
            const told = retryAfter(error);
            if (told === undefined && ConnectError.from(error).code !== Code.Unavailable)
                throw error;
            pause = told ?? 1000;
        }
        if (!(await sleep(pause, signal)))
            throw signal.reason;
    }
}
/** Retries calls that the contract declares idempotent while they are UNAVAILABLE. */
export const retryIdempotent = (next) => async (request) => {
    const safe = request.method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
    for (let attempt = 1;; attempt++) {
        try {
            return await next(request);
        }
        catch (error) {
            const unavailable = ConnectError.from(error).code === Code.Unavailable;
            const backoff = 200 * 2 ** (attempt - 1) * Math.random();
            if (request.stream || !safe || !unavailable || attempt === 4 ||
                !(await sleep(retryAfter(error) ?? backoff, request.signal)))
                throw error;
        }
    }
};
/** Authenticates the caller to connsvc. */
export function bearer(token) {
    return (next) => (request) => {
        request.header.set("Authorization", `Bearer ${typeof token === "string" ? token : token()}`);
        return next(request);
    };
}
/** Returns false if the signal aborts before. */
function sleep(ms, signal) {
    return new Promise((resolve) => {
        const end = (whole) => {
            clearTimeout(timer);
            signal.removeEventListener("abort", aborted);
            resolve(whole);
        };
        const aborted = () => end(false);
        const timer = setTimeout(end, ms, true);
        if (signal.aborted)
            aborted();
        signal.addEventListener("abort", aborted);
    });
}
