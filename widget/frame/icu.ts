/* The part of ICU message syntax the phrases use: {name}, {n, plural, =0 {…} one {# …} other {…}}, {x, select, …}.
 *
 * An apostrophe is always itself: translators write « d'{name} », and nobody quotes. */
export type Values = Record<string, string | number>;

/** Index just after the brace that closes the one before `from`; the text's length when there is none. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && !--depth) return i + 1;
  }
  return text.length;
}

export function format(text: string, values: Values, locale: string, hash?: string): string {
  let out = "";
  for (let i = 0; i < text.length; ) {
    const sign = text[i]!;
    if (sign === "#" && hash !== undefined) out += hash;
    if (sign !== "{") {
      if (sign !== "#" || hash === undefined) out += sign;
      i++;
      continue;
    }
    const end = closing(text, i + 1);
    const inner = text.slice(i + 1, end - 1);
    const [, name = "", kind, rest = ""] = /^\s*([\w.-]+)\s*(?:,\s*(\w+)\s*,([^]*))?$/.exec(inner) ?? [];
    const value = values[name];
    if (kind === "plural" || kind === "selectordinal" || kind === "select") out += choose(kind, rest, value, values, locale, hash);
    // Unknown names stay visible, so that a wrong placeholder is found.
    else out += value === undefined ? text.slice(i, end) : String(value);
    i = end;
  }
  return out;
}

function choose(kind: string, rest: string, value: string | number | undefined, values: Values, locale: string, hash?: string): string {
  const options = new Map<string, string>();
  const head = /\s*(=?[\w-]+(?::\d+)?)\s*\{/gy;
  for (let found; (found = head.exec(rest)); ) {
    const end = closing(rest, head.lastIndex);
    options.set(found[1]!, rest.slice(head.lastIndex, end - 1));
    head.lastIndex = end;
  }
  let wanted = String(value);
  if (kind !== "select") {
    const number = Number(value);
    hash = numbers(locale).format(number);
    wanted = options.has("=" + number) ? "=" + number : plurals(locale, kind === "plural" ? "cardinal" : "ordinal").select(number);
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

const plurals = (locale: string, type: "cardinal" | "ordinal") => new Intl.PluralRules(tag(locale), { type });
const numbers = (locale: string) => new Intl.NumberFormat(tag(locale));
