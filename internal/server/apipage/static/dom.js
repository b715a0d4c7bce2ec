// element makes an element with attributes and children; a child that is a string is text.
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// prose returns the nodes of a text: `code` in backticks, and paragraphs if it has several.
export function prose(text) {
  const paragraphs = text.trim().split(/\n\n+/);
  const inline = (paragraph) =>
    paragraph.split(/(`[^`]+`)/).map((part) => (part.length > 2 && part.startsWith("`") ? element("code", {}, part.slice(1, -1)) : part));
  return paragraphs.length === 1 ? inline(paragraphs[0]) : paragraphs.map((paragraph) => element("p", {}, ...inline(paragraph)));
}
