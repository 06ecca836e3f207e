/* Words and addresses the server put into the page (templates/shell/strings.html), so that no sentence lives in a script. */

let strings: Record<string, string> | undefined;

/** The sentence called `key`, its `%(name)s` placeholders filled in. An unknown key is shown as it is. */
export function text(key: string, values: Record<string, string | number> = {}): string {
  if (!strings) {
    const source = document.getElementById("console-strings");
    strings = source ? (JSON.parse(source.textContent) as Record<string, string>) : {};
  }
  return (strings[key] ?? key).replace(/%\((\w+)\)s/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Every phrase whose key begins with `prefix`, without it. */
export function phrases(prefix: string): Record<string, string> {
  text("");
  const found = Object.entries(strings ?? {}).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(found.map(([key, value]) => [key.slice(prefix.length), value]));
}

export const language = (): string => document.documentElement.lang || "en";
