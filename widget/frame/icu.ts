/* The part of ICU message syntax the phrases use: {name}, {n, plural, offset:1 =0 {…} one {# …} other {…}}, selectordinal,
 * {x, select, …}, and apostrophes as in ICU's default mode: one quotes only where a brace (in a plural, #) follows.
 *
 * What may be saved is judged by translations/icu.py, and both give the same text for the same message; here nothing throws. */
export type Values = Record<string, string | number>;

/** Index just after the apostrophe that ends the quotation beginning at `from`. */
function unquoted(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) if (text[i] === "'" && text[++i] !== "'") return i;
  return text.length;
}

const quotes = (text: string, at: number, signs: string) => text[at] === "'" && at + 1 < text.length && signs.includes(text[at + 1]!);

/** Index just after the brace that closes the one before `from`; the text's length when there is none. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (quotes(text, i, "{}#")) i = unquoted(text, i) - 1;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && !--depth) return i + 1;
  }
  return text.length;
}

export function format(text: string, values: Values, locale: string, hash?: string): string {
  const special = hash === undefined ? "{}" : "{}#";
  let out = "";
  for (let i = 0; i < text.length; ) {
    const sign = text[i]!;
    let end = i + 1;
    if (quotes(text, i, special)) {
      end = unquoted(text, i);
      out += text.slice(i + 1, text[end - 1] === "'" ? end - 1 : end).replaceAll("''", "'");
    } else if (sign === "{") {
      end = closing(text, end);
      const [, name = "", kind, rest = ""] = /^\s*([^\s,{}]+)\s*(?:,\s*(\w+)\s*,([^]*))?$/.exec(text.slice(i + 1, end - 1)) ?? [];
      const value = values[name];
      if (kind === "plural" || kind === "selectordinal" || kind === "select") out += choose(kind, rest, value, values, locale);
      // Unknown names stay visible, so that a wrong placeholder is found.
      else out += value === undefined ? text.slice(i, end) : String(value);
    } else {
      if (sign === "'" && text[end] === "'") end++;
      out += sign === "#" && hash !== undefined ? hash : sign;
    }
    i = end;
  }
  return out;
}

function choose(kind: string, rest: string, value: string | number | undefined, values: Values, locale: string): string {
  const options = new Map<string, string>();
  const [start, offset = "0"] = /^\s*offset:\s*(\d+)/.exec(rest) ?? [""];
  const head = /\s*(=?[^\s{},=#']+)\s*\{/gy;
  head.lastIndex = start.length;
  for (let found; (found = head.exec(rest)); ) {
    const end = closing(rest, head.lastIndex);
    options.set(found[1]!.replace(/^=0+(?=\d)/, "="), rest.slice(head.lastIndex, end - 1));
    head.lastIndex = end;
  }
  let wanted = String(value);
  let hash: string | undefined;
  if (kind !== "select") {
    const number = value === undefined || value === "" ? NaN : Number(value);
    const shown = number - Number(offset);
    hash = isNaN(number) ? "#" : new Intl.NumberFormat(tag(locale)).format(shown);
    if (isNaN(number)) wanted = "other";
    else if (options.has("=" + number)) wanted = "=" + number;
    else wanted = new Intl.PluralRules(tag(locale), { type: kind === "plural" ? "cardinal" : "ordinal" }).select(Math.abs(shown));
  }
  return format(options.get(wanted) ?? options.get("other") ?? "", values, locale, hash);
}

/** A locale as browsers take it; one they do not know is English. */
export function tag(locale: string): string {
  const wanted = locale.replaceAll("_", "-");
  try {
    return Intl.getCanonicalLocales(wanted)[0] ?? "en";
  } catch {
    return "en";
  }
}
