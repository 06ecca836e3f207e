/* A phrase that may hold markup: strong, em, br, and links with a full address. Anything else shows its text alone. */
import { h, type VNode } from "preact";
import type { Values } from "./icu";
import type { PhraseId, Say } from "./phrases";

/** The document is inert: nothing in it is fetched or run, and only what is named here is taken out of it. */
const parsed = (markup: string) => nodes(new DOMParser().parseFromString(markup, "text/html").body);

const nodes = (parent: Node): (string | VNode)[] =>
  [...parent.childNodes].flatMap((node): (string | VNode)[] => {
    if (!(node instanceof Element)) return node instanceof Text ? [node.data] : [];
    const name = node.localName;
    const href = node.getAttribute("href") ?? "";
    if (name === "a" && /^https?:\/\//i.test(href)) return [<a href={href} target="_blank" rel="noopener noreferrer">{nodes(node)}</a>];
    if (name === "br") return [<br />];
    return name === "strong" || name === "em" ? [h(name, null, nodes(node))] : nodes(node);
  });

const escaped = (value: string | number) => String(value).replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** The phrase with its markup; a value put into it is text, whatever it holds. */
export function Rich({ say, id, values = {} }: { say: Say; id: PhraseId; values?: Values }) {
  const safe = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "number" ? value : escaped(value)]));
  return <>{parsed(say(id, safe))}</>;
}
