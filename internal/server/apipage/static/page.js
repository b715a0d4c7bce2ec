// Shows the OpenAPI document of the service, and sends requests to it. All text is set as
// text, never as HTML.
import { element, prose } from "./dom.js";
import { schemaList } from "./schema.js";
import { credentialFields, tryForm } from "./try.js";

const methods = ["get", "post", "put", "delete"];

// resolve returns what a reference of the document stands for.
function resolve(doc, value) {
  if (!value || !value.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((at, key) => at[key], doc);
}

function responsesList(doc, responses) {
  const list = element("ul", { class: "schema" });
  for (const [status, reference] of Object.entries(responses)) {
    const response = resolve(doc, reference);
    const item = element("li", {}, element("code", {}, status), " ", ...prose(response.description));
    const media = response.content?.["application/json"];
    if (status < 400 && media) item.append(schemaList(doc, media.schema, "always there"), example(media.example));
    list.append(item);
  }
  return list;
}

function example(value) {
  return element("details", {}, element("summary", {}, "Example"), element("pre", { tabindex: 0 }, JSON.stringify(value, null, 2)));
}

function operationDetails(doc, method, path, operation) {
  const heading = element("h3", {}, element("span", { class: "method" }, method.toUpperCase()), element("span", { class: "path" }, path), " ", operation.summary);
  const box = element("details", { id: operation.operationId, class: operation.deprecated ? "deprecated" : "" }, element("summary", {}, heading));
  let filled = false;
  // Filled when it is opened first: the page stays quick.
  box.addEventListener("toggle", () => {
    if (!box.open || filled) return;
    filled = true;
    box.append(...prose(operation.description).map((part) => (part instanceof HTMLElement ? part : element("p", {}, part))));
    if (operation["x-dli-document"]) box.append(element("p", { class: "quiet" }, "DLI's document: " + operation["x-dli-document"]));
    box.append(element("h3", {}, "Try it"), tryForm(doc, method, path, operation, resolve));
    const media = operation.requestBody?.content["application/json"];
    if (media) box.append(element("h3", {}, "Body"), schemaList(doc, media.schema, "required"));
    box.append(element("h3", {}, "Responses"), responsesList(doc, operation.responses));
  });
  return box;
}

// operationsOf returns the operations of a tag, those that are deprecated last.
function operationsOf(doc, tag) {
  const all = Object.entries(doc.paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]?.tags.includes(tag)).map((method) => ({ method, path, operation: item[method] })));
  return all.sort((a, b) => Boolean(a.operation.deprecated) - Boolean(b.operation.deprecated));
}

function show(doc) {
  document.querySelector("#title").textContent = `${doc.info.title} ${doc.info.version}`;
  document.querySelector("#about").append(element("p", {}, doc.info.summary), ...prose(doc.info.description));
  document.querySelector("#credentials form").append(...credentialFields(doc));
  const nav = document.querySelector("nav");
  const main = document.querySelector("main");
  for (const tag of doc.tags) {
    const links = element("ul", {});
    const section = element("section", {}, element("h2", {}, tag.name), element("p", {}, tag.description));
    for (const { method, path, operation } of operationsOf(doc, tag.name)) {
      links.append(element("li", {}, element("a", { href: "#" + operation.operationId }, operation.summary)));
      section.append(operationDetails(doc, method, path, operation));
    }
    nav.append(element("h2", {}, tag.name), links);
    main.append(section);
  }
}

// openTarget opens the operation that the address names.
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.tagName !== "DETAILS") return;
  target.open = true;
  target.scrollIntoView();
  target.querySelector("summary").focus();
}

try {
  const response = await fetch("docs/openapi.json");
  if (!response.ok) throw new Error("status " + response.status);
  show(await response.json());
  openTarget();
  addEventListener("hashchange", openTarget);
} catch (error) {
  document.querySelector("main").append(element("p", { class: "bad", role: "alert" }, "The OpenAPI document cannot be read: " + error.message));
}
