import { element } from "./dom.js";
import { typeOf } from "./schema.js";

// The credentials of this tab, by header. They are never stored, and never shown.
const credentials = {};

// credentialFields returns a field for each header that authenticates callers.
export function credentialFields(doc) {
  const headers = { Authorization: doc.components.securitySchemes.bearer, "X-Auth-Token": doc.components.securitySchemes.dliToken };
  return Object.entries(headers).map(([header, scheme]) => {
    const input = element("input", { type: "password", autocomplete: "off", spellcheck: "false" });
    input.addEventListener("input", () => {
      const value = input.value.trim();
      if (value === "") delete credentials[header];
      else credentials[header] = header === "Authorization" ? "Bearer " + value : value;
    });
    const label = header === "Authorization" ? "Bearer token" : header;
    return field("credentials-" + header, label, input, scheme.description);
  });
}

// field returns an input with its label, and a help text that is read out with it.
function field(id, label, input, ...help) {
  input.setAttribute("aria-describedby", id);
  return element("div", {}, element("label", {}, label, input), element("small", { id, class: "quiet" }, ...help));
}

// tryForm returns a form that sends a request of an operation, and shows the response.
export function tryForm(doc, method, path, operation, resolve) {
  const form = element("form", { autocomplete: "off" });
  const parameters = (operation.parameters ?? []).map((reference) => resolve(doc, reference));
  const inputs = parameters.map((parameter) => {
    const input = parameterInput(parameter);
    const type = `${parameter.in}, ${typeOf(doc, parameter.schema)}`;
    form.append(field(`${operation.operationId}-${parameter.name}`, parameter.name, input, type, element("br", {}), parameter.description ?? ""));
    return input;
  });
  const media = operation.requestBody?.content["application/json"];
  const body = media && element("textarea", { name: "body", spellcheck: "false" });
  if (media) {
    body.value = JSON.stringify(media.example, null, 2);
    form.append(element("label", {}, "body", body));
  }
  const output = element("div", { role: "status", class: "response" });
  form.append(element("button", { type: "submit" }, "Send"), output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const request = requestOf(method, path, parameters, inputs.map((input) => input.value), body?.value);
    output.replaceChildren(element("p", {}, "Sent …"));
    output.replaceChildren(...(await send(request)));
  });
  return form;
}

function parameterInput(parameter) {
  const words = parameter.schema.enum;
  if (words) {
    const options = ["", ...words].map((word) => element("option", { value: word }, word));
    return element("select", { name: parameter.name }, ...options);
  }
  const input = element("input", { name: parameter.name, spellcheck: "false" });
  if (parameter.required) {
    input.required = true;
    input.value = parameter.example ?? "";
  } else if (parameter.example !== undefined) {
    input.placeholder = parameter.example;
  }
  return input;
}

// requestOf returns address, method, headers and body of a request. What is empty is left out.
function requestOf(method, path, parameters, values, body) {
  const query = new URLSearchParams();
  const headers = {};
  parameters.forEach((parameter, i) => {
    const value = values[i];
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, () => encodeURIComponent(value));
    else if (value !== "" && parameter.in === "query") query.set(parameter.name, value);
    else if (value !== "") headers[parameter.name] = value;
  });
  if (body !== undefined) headers["Content-Type"] = "application/json";
  // Relative to the page: behind a proxy, the service may have a prefix.
  const url = new URL("." + path + (query.size ? "?" + query : ""), document.baseURI);
  return { url, method: method.toUpperCase(), headers, body };
}

async function send({ url, method, headers, body }) {
  const parts = [element("h4", {}, "Request"), element("pre", { tabindex: 0 }, curl({ url, method, headers, body }))];
  try {
    const response = await fetch(url, { method, headers: { ...headers, ...credentials }, body, credentials: "omit", cache: "no-store", redirect: "error" });
    const text = await response.text();
    const status = element("p", { class: response.ok ? "good" : "bad" }, element("strong", {}, `${response.status} ${response.statusText}`));
    for (const name of ["X-Request-Id", "Retry-After", "WWW-Authenticate"]) {
      if (response.headers.has(name)) status.append(element("br", {}), `${name}: ${response.headers.get(name)}`);
    }
    return [element("h4", {}, "Response"), status, element("pre", { tabindex: 0 }, pretty(text)), ...parts];
  } catch (error) {
    return [element("p", { class: "bad" }, "No response: " + error.message), ...parts];
  }
}

// curl returns the request as a command, with the names of credentials in their place.
function curl({ url, method, headers, body }) {
  const quote = (text) => "'" + text.replaceAll("'", `'\\''`) + "'";
  const words = ["curl", "-X", method, quote(url.href)];
  for (const [name, value] of Object.entries(headers)) words.push("-H", quote(`${name}: ${value}`));
  if (credentials.Authorization) words.push("-H", '"Authorization: Bearer $TOKEN"');
  if (credentials["X-Auth-Token"]) words.push("-H", '"X-Auth-Token: $DLI_TOKEN"');
  if (body !== undefined) words.push("-d", quote(body));
  return words.join(" ");
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
