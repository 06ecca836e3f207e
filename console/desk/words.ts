/* The page's words, times and settings, from the JSON the server put there. */
import type { Settings } from "./types";

const read = <T>(id: string): T => JSON.parse(document.getElementById(id)?.textContent ?? "{}") as T;

let words: Record<string, string> | undefined;
let known: Settings | undefined;

export const settings = (): Settings => (known ??= read<Settings>("desk-settings"));

/** The sentence called `key`, its places filled in. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  words ??= read<Record<string, string>>("desk-words");
  return (words[key] ?? key).replace(/%\((\w+)\)s/g, (_whole, name: string) => String(values[name] ?? "")).replace("%%", "%");
}

/** What a form of this page would carry. */
export const csrf = (): string => document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";

export const has = (key: string): boolean => {
  words ??= read<Record<string, string>>("desk-words");
  return key in words;
};

const language = document.documentElement.lang || "en";
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const short = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
export const timeOfDay = (iso: string): string => clock.format(new Date(iso));
export const exactly = (iso: string): string => whole.format(new Date(iso));

const midnight = (moment: Date): number => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();

export function dayName(iso: string): string {
  const days = Math.round((midnight(new Date()) - midnight(new Date(iso))) / 86_400_000);
  return days === 0 ? t("today") : days === 1 ? t("yesterday") : day.format(new Date(iso));
}

/** In a list: the time today, the day before that. */
export function stamp(iso: string): string {
  const moment = new Date(iso);
  return midnight(moment) === midnight(new Date()) ? clock.format(moment) : short.format(moment);
}

/** "4 min", "2 h": how long something has lasted. */
export function lasting(iso: string, now = Date.now()): string {
  const minutes = Math.max(0, Math.floor((now - new Date(iso).getTime()) / 60_000));
  const say = (unit: string, value: number) =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
  return minutes < 60 ? say("minute", minutes) : minutes < 2880 ? say("hour", Math.floor(minutes / 60)) : say("day", Math.floor(minutes / 1440));
}

/** How long somebody has been waiting, in words. */
export const waits = (iso: string): string =>
  Date.now() - new Date(iso).getTime() < 60_000 ? t("just-came") : t("waits", { time: lasting(iso) });

/** In a live chat five minutes are long; elsewhere an hour is. */
export const isLate = (iso: string, live: boolean): boolean => Date.now() - new Date(iso).getTime() > (live ? 5 : 60) * 60_000;

export function languageName(tag: string): string {
  const first = tag.split(",")[0]!.split(";")[0]!.trim().replace("_", "-");
  if (!first) return "";
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(first) ?? first;
  } catch {
    return first;
  }
}

export const initials = (name: string): string => {
  const parts = name.split(/\s+/).filter((part) => /^[\p{L}\p{N}]/u.test(part));
  return ((parts[0]?.[0] ?? "") + (parts.length > 1 ? parts.at(-1)![0] : "")).toUpperCase();
};

/** A text of a frame, or nothing. */
export const str = (value: unknown): string => (typeof value === "string" ? value : "");
