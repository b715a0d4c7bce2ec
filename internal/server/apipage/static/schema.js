import { element } from "./dom.js";

// Keywords that stand behind a type, with their words.
const limits = {
  minLength: "at least %s characters",
  maxLength: "at most %s characters",
  minItems: "at least %s entries",
  maxItems: "at most %s entries",
  minimum: "from %s",
  maximum: "to %s",
  pattern: "pattern %s",
};

// schemaList describes the properties of a schema; required is the word for those that it
// requires.
export function schemaList(doc, schema, required) {
  const resolved = resolve(doc, schema);
  const list = element("ul", { class: "schema" });
  for (const [name, property] of Object.entries(resolved.properties ?? {})) {
    const value = resolve(doc, property);
    const suffix = resolved.required?.includes(name) ? ", " + required : "";
    const item = element("li", {}, element("code", {}, name), " ", element("span", { class: "quiet" }, typeOf(doc, value) + suffix));
    if (value.description) item.append(": ", value.description);
    const entries = value.type === "array" ? resolve(doc, value.items) : value;
    if (entries.properties) item.append(schemaList(doc, entries, required));
    list.append(item);
  }
  return list;
}

// typeOf returns the type of a schema and its limits, as text.
export function typeOf(doc, schema) {
  const entries = schema.type === "array" ? resolve(doc, schema.items) : null;
  const words = [entries ? `array of ${entries.type}` : schema.type];
  for (const part of [schema, entries ?? {}]) {
    if (part.format) words.push(part.format);
    if (part.enum) words.push("one of " + part.enum.map((word) => JSON.stringify(word)).join(", "));
    if (part.uniqueItems) words.push("unique");
    for (const [keyword, text] of Object.entries(limits)) {
      if (part[keyword] !== undefined && !(keyword === "pattern" && part.format)) words.push(text.replace("%s", () => part[keyword]));
    }
  }
  return words.join(", ");
}

function resolve(doc, schema) {
  return schema.$ref ? doc.components.schemas[schema.$ref.split("/").pop()] : schema;
}
