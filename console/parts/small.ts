/* The small things: copy buttons, relative times, the theme, a password made visible, a colour beside its hex code. */
import { on } from "./dom";
import { language, text } from "./text";
import { toast } from "./toasts";

export function setUpCopying(): void {
  on("click", "[data-copy], [data-copy-from]", (button) => {
    const source = button.dataset["copyFrom"];
    const from = source ? document.querySelector<HTMLElement>(source) : null;
    const words = from ? ("value" in from ? String(from.value) : from.textContent) : (button.dataset["copy"] ?? "");
    navigator.clipboard.writeText(words).then(
      () => {
        button.classList.add("is-copied");
        const label = button.getAttribute("aria-label");
        if (label !== null && !button.dataset["label"]) button.dataset["label"] = label;
        if (label !== null) button.setAttribute("aria-label", text("copied"));
        setTimeout(() => {
          button.classList.remove("is-copied");
          if (button.dataset["label"]) button.setAttribute("aria-label", button.dataset["label"]);
        }, 1600);
      },
      () => toast(text("copy-failed"), "bad"),
    );
  });
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "3 minutes ago", "in 2 hours", in the page's language; under a minute, "now" (or seconds when it lies ahead). */
export function relative(then: number, now: number, locale = language()): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const seconds = Math.round((then - now) / 1000);
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(seconds > 0 ? seconds : 0, "second");
}

export function setUpTimes(): void {
  /* A moment shown by other clocks than this device's is shown by its own as well. */
  const ownClock = () => {
    for (const part of document.querySelectorAll<HTMLElement>("[data-own-clock][hidden]")) {
      const time = part.querySelector("time")!;
      const moment = new Date(time.dateTime);
      if (part.dataset["ownClock"]!.split(" ").includes(String(-moment.getTimezoneOffset()))) continue;
      time.textContent = new Intl.DateTimeFormat(language(), {
        year: "numeric",
        month: "long",
        day: "numeric",
        hour: "numeric",
        minute: "2-digit",
        timeZoneName: "short",
      }).format(moment);
      part.hidden = false;
    }
  };
  document.addEventListener("htmx:load", ownClock);
  const update = () => {
    for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-relative]")) {
      const words = relative(Date.parse(time.dateTime), Date.now());
      if (time.textContent !== words) time.textContent = words;
    }
  };
  document.addEventListener("htmx:load", update);
  setInterval(update, 20_000);
}

export type Theme = "light" | "dark";

/** The theme in force, whether chosen or the device's. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset["bsTheme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Anybody who draws by theme listens for "themechange" on document; its detail is "light" or "dark". */
const announce = () => document.dispatchEvent(new CustomEvent<Theme>("themechange", { detail: currentTheme() }));

export function setUpTheme(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
  on<SubmitEvent>("submit", "form[data-theme-form]", (target, event) => {
    const form = target as HTMLFormElement;
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const choice = button.value;
    if (choice === "system") delete document.documentElement.dataset["bsTheme"];
    else document.documentElement.dataset["bsTheme"] = choice;
    for (const other of form.querySelectorAll("button[name=theme]")) {
      if (other === button) other.setAttribute("aria-pressed", "true");
      else other.setAttribute("aria-pressed", "false");
    }
    announce();
    const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
    body.set("theme", choice);
    fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" }, redirect: "manual" }).catch(() =>
      toast(text("request-offline"), "bad"),
    );
  });
}

export function setUpPasswords(): void {
  on("click", "[data-reveal]", (button) => {
    const input = document.getElementById(button.dataset["reveal"] ?? "");
    if (!(input instanceof HTMLInputElement)) return;
    const reveal = input.type === "password";
    input.type = reveal ? "text" : "password";
    button.setAttribute("aria-pressed", String(reveal));
    button.classList.toggle("is-copied", reveal);
    input.focus();
  });
}

/** <color-field><input class="form-control" name=…></color-field>: a swatch beside the hex code that is submitted. */
class ColorField extends HTMLElement {
  connectedCallback(): void {
    const code = this.querySelector<HTMLInputElement>("input:not([type=color])");
    if (!code || this.querySelector("[type=color]")) return;
    const swatch = document.createElement("input");
    swatch.type = "color";
    swatch.defaultValue = "#000000";
    const label = code.labels?.[0]?.textContent.trim() ?? "";
    swatch.setAttribute("aria-label", text("pick-color", { name: label }));
    swatch.disabled = code.disabled || code.readOnly;
    const follow = () => {
      const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(code.value.trim());
      const full = short ? `#${short[1]!.repeat(2)}${short[2]!.repeat(2)}${short[3]!.repeat(2)}` : code.value.trim();
      if (/^#[0-9a-f]{6}$/i.test(full)) swatch.value = full.toLowerCase();
    };
    follow();
    code.addEventListener("input", follow);
    code.form?.addEventListener("reset", () => setTimeout(follow));
    swatch.addEventListener("input", (event) => {
      event.stopPropagation();
      code.value = swatch.value;
      code.dispatchEvent(new Event("input", { bubbles: true }));
    });
    this.prepend(swatch);
  }
}

export function setUpColors(): void {
  customElements.define("color-field", ColorField);
}

/* On a phone the tabs are wider than the screen: the one that is open is in sight, and the strip says on which side it goes on. */
export function setUpTabs(): void {
  const strip = document.querySelector<HTMLElement>(".tabs");
  if (!strip) return;
  const open = strip.querySelector<HTMLElement>("[aria-current]");
  const tell = () => {
    const left = strip.scrollWidth - strip.clientWidth - strip.scrollLeft;
    strip.dataset["more"] = [strip.scrollLeft > 4 ? "start" : "", left > 4 ? "end" : ""].filter(Boolean).join(" ");
  };
  if (open) strip.scrollLeft = open.getBoundingClientRect().left - strip.getBoundingClientRect().left - (strip.clientWidth - open.clientWidth) / 2;
  strip.addEventListener("scroll", tell, { passive: true });
  new ResizeObserver(tell).observe(strip);
}
