import { createRegistry, fromJson, getOption, toBinary, toJson, } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { runUnaryCall } from "@connectrpc/connect/protocol";
import { bearer, retryIdempotent } from "./calls.js";
import { ConnectionService } from "./connsvc/v1/connection_service_pb.js";
import { http } from "./google/api/annotations_pb.js";
import { file_google_rpc_error_details } from "./google/rpc/error_details_pb.js";
const details = createRegistry(file_google_rpc_error_details);
/** Calls connsvc over DLI's REST API with fetch, as in "https://connsvc.internal:8080". */
export function connectRest(baseUrl, { token, interceptors = [], fetch = globalThis.fetch } = {}) {
    const all = [...interceptors, ...(token ? [bearer(token)] : []), retryIdempotent];
    const transport = {
        unary: (method, signal, timeoutMs, header, message, contextValues) => runUnaryCall({
            interceptors: all, signal, timeoutMs,
            req: {
                stream: false, service: method.parent, method, requestMethod: "POST", url: baseUrl,
                header: new Headers(header), contextValues: contextValues, message,
            },
            next: async (request) => {
                const { verb, target, headers, body } = encode(method, request.message);
                headers.forEach(([name, value]) => request.header.set(name, value));
                const response = await fetch(baseUrl.replace(/\/$/, "") + target, {
                    method: verb, headers: request.header, body, signal: request.signal,
                });
                const text = await response.text();
                if (!response.ok)
                    throw errorOf(response, text);
                const json = convert(method.output, JSON.parse(text), (ms) => new Date(ms).toISOString());
                return {
                    stream: false, service: method.parent, method, header: response.headers, trailer: new Headers(),
                    message: fromJson(method.output, json, { ignoreUnknownFields: true }),
                };
            },
        }),
        stream: () => Promise.reject(new ConnectError("REST has no streams here", Code.Unimplemented)),
    };
    return createClient(ConnectionService, transport);
}
/** Writes a call by its google.api.http annotation. */
function encode(method, message) {
    const rule = getOption(method, http);
    const json = convert(method.input, toJson(method.input, message), (t) => Date.parse(t));
    const take = (name) => {
        const field = method.input.fields.find((f) => f.name === name)?.jsonName ?? name;
        const value = json[field];
        delete json[field];
        return String(value ?? "");
    };
    const headers = json.request_id ? [["Idempotency-Key", take("request_id")]] : [];
    let target = String(rule.pattern.value).replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(take(name)));
    const verb = String(rule.pattern.case).toUpperCase();
    if (rule.body === "*") {
        headers.push(["Content-Type", "application/json"]);
        return { verb, target, headers, body: JSON.stringify(json) };
    }
    const query = Object.entries(json).flatMap(([name, value]) => parameters(value).map((v) => `${name}=${encodeURIComponent(v)}`));
    if (query.length > 0)
        target += "?" + query.join("&");
    return { verb, target, headers, body: undefined };
}
/** A list has a parameter for each element; tags are one: "k=v,k=v". */
function parameters(value) {
    if (!Array.isArray(value))
        return [String(value)];
    if (value.every((v) => typeof v !== "object"))
        return value.map(String);
    return [value.map((tag) => `${tag.key}=${tag.value ?? ""}`).join(",")];
}
/** Converts times: DLI writes milliseconds where protobuf's JSON has texts. */
function convert(desc, json, time) {
    if (json === null || typeof json !== "object" || Array.isArray(json))
        return json;
    const converted = { ...json };
    for (const { jsonName, message } of desc.fields) {
        const value = converted[jsonName];
        if (!message || value === undefined || value === null)
            continue;
        const one = (v) => (message.typeName === TimestampSchema.typeName ? time(v) : convert(message, v, time));
        converted[jsonName] = Array.isArray(value) ? value.map(one) : one(value);
    }
    return converted;
}
/** Reads an error body: its details are those that gRPC has. */
function errorOf(response, text) {
    let body;
    try {
        body = JSON.parse(text);
    }
    catch {
        body = {}; // not of connsvc, but of a proxy before it
    }
    const unavailable = [429, 502, 503, 504].includes(response.status);
    const code = typeof body.code === "number" ? body.code : unavailable ? Code.Unavailable : Code.Unknown;
    const error = new ConnectError(String(body.error_msg ?? `HTTP status ${response.status}`), code, response.headers);
    for (const any of (body.details ?? [])) {
        const { "@type": url, ...fields } = any;
        const schema = details.getMessage(String(url).replace(/.*\//, ""));
        if (!schema)
            continue;
        error.details.push({ type: schema.typeName, value: toBinary(schema, fromJson(schema, fields, { ignoreUnknownFields: true })) });
    }
    return error;
}
