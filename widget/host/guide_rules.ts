/* Which entry point of a Guide a page's address leads to: guide/rules.py decides the same for the console's tester, and both are held
 * to guide/tests/rules_vectors.json. Here, in the visitor's browser, because a page's address is nobody else's business. */

export interface Rule {
  effect: string;
  how: string;
  value: string;
}

export interface Verdict {
  outcome: "matched" | "every_page" | "excluded" | "no_match";
  /** The rule that decided. */
  rule: number | null;
}

const LONGEST_VALUE = 300;
const LONGEST_URL = 4096;

/** Small letters, and what is percent-encoded UTF-8 decoded; what is not stays as it is. */
function plain(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return run;
      }
    })
    .toLowerCase();
}

interface Address {
  scheme: string;
  host: string;
  path: string;
  query: string;
  fragment: string;
}

/** Characters, not halves of them: as Python counts. */
const cut = (text: string, most: number) => (text.length <= most ? text : [...text].slice(0, most).join(""));

/** [before, from the mark on] */
function at(text: string, mark: string): [string, string] {
  const place = text.indexOf(mark);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place)];
}

export function address(url: string): Address {
  const text = cut(url.trim(), LONGEST_URL);
  const [before, after] = at(text, "://");
  let scheme = "https";
  let rest = text.replace(/^\/\//, "");
  if (after && !/[/?#]/.test(before)) {
    scheme = before;
    rest = after.slice(3);
  }
  const [unmarked, fragment] = at(rest, "#");
  const [bare, query] = at(unmarked, "?");
  const [host, path] = at(bare, "/");
  return { scheme: plain(scheme), host: plain(host), path: plain(path) || "/", query: plain(query), fragment: plain(fragment) };
}

const unslashed = (text: string) => text.replace(/\/+$/, "");

export function fits(rule: Rule, page: Address): boolean {
  const value = plain(cut(rule.value, LONGEST_VALUE));
  if (!value) return false;
  const { scheme, host, path, query, fragment } = page;
  const origin = scheme + "://" + host;
  if (rule.how === "contains") return (origin + path + query + fragment).includes(value);
  const before = value.includes("://") ? origin : value.startsWith("/") ? "" : host;
  if (rule.how === "starts") return (before + path + query + fragment).startsWith(value);
  const mark = value.search(/[?#]/);
  const wanted = mark < 0 ? unslashed(value) : unslashed(value.slice(0, mark)) + value.slice(mark);
  const there = unslashed(before + path) + (value.includes("?") ? query : "") + (value.includes("#") ? fragment : "");
  if (rule.how === "equals") return there === wanted;
  return glob(wanted, there) || (wanted.endsWith("/**") && glob(wanted.slice(0, -3), there));
}

/** `*` stands for any characters but a slash, `**` for any; all ways are followed at once, so nothing is tried twice. */
export function glob(pattern: string, text: string): boolean {
  const signs = [...pattern];
  const many = (place: number) => signs[place] === "*" && signs[place + 1] === "*";
  const pastStars = (places: Set<number>) => {
    const reached = new Set<number>();
    for (let place of places) {
      reached.add(place);
      while (signs[place] === "*") reached.add((place += many(place) ? 2 : 1));
    }
    return reached;
  };
  let places = pastStars(new Set([0]));
  for (const character of text) {
    const further = new Set<number>();
    for (const place of places) {
      if (many(place)) further.add(place);
      else if (signs[place] === "*") {
        if (character !== "/") further.add(place);
      } else if (signs[place] === character) further.add(place + 1);
    }
    places = pastStars(further);
    if (!places.size) return false;
  }
  return places.has(signs.length);
}

export function judge(rules: readonly Rule[], page: Address): Verdict {
  const excluded = rules.findIndex((rule) => rule.effect === "exclude" && fits(rule, page));
  if (excluded >= 0) return { outcome: "excluded", rule: excluded };
  const matched = rules.findIndex((rule) => rule.effect === "include" && fits(rule, page));
  if (matched >= 0) return { outcome: "matched", rule: matched };
  return { outcome: rules.some((rule) => rule.effect === "include") ? "no_match" : "every_page", rule: null };
}

/** The first entry point that is for the page; undefined: none. */
export function decide<T extends { rules: readonly Rule[] }>(entries: readonly T[], url: string): T | undefined {
  const page = address(url);
  return entries.find(({ rules }) => /^(matched|every_page)$/.test(judge(rules, page).outcome));
}
