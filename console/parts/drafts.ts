/* Forms with unsaved changes (<form data-dirty>): the save bar appears, Ctrl S saves, Cancel puts back, leaving asks. */
import { on } from "./dom";
import { htmx } from "./requests";

const before = new WeakMap<HTMLFormElement, string>();

const forms = () => [...document.querySelectorAll<HTMLFormElement>("form[data-dirty]")];

/* Files are compared by name and size; the CSRF token is not a change. */
function contents(form: HTMLFormElement): string {
  const pairs = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  return JSON.stringify(pairs.map(([name, value]) => [name, typeof value === "string" ? value.replace(/\r\n?/g, "\n") : [value.name, value.size]]));
}

const bar = (form: HTMLFormElement) => form.querySelector<HTMLElement>(".save-bar");

export const isDirty = (form: HTMLFormElement): boolean => before.has(form) && before.get(form) !== contents(form);

/* It holds what is saved nowhere: something was typed, or a save of it was refused. */
export const isUnsaved = (form: HTMLFormElement): boolean => isDirty(form) || bar(form)?.dataset["refused"] !== undefined;

export const unsaved = (): HTMLFormElement | undefined => forms().find(isUnsaved);

function show(form: HTMLFormElement): void {
  const says = bar(form);
  if (!says) return;
  if (isUnsaved(form)) says.dataset["state"] = "dirty";
  else if (says.dataset["state"] === "dirty") says.dataset["state"] = "clean";
}

function watch(form: HTMLFormElement): void {
  if (before.has(form)) return;
  before.set(form, contents(form));
  const says = bar(form);
  if (says && !says.dataset["state"]) says.dataset["state"] = "clean";
  show(form);
  form.addEventListener("input", () => show(form));
  form.addEventListener("change", () => show(form));
  form.addEventListener("reset", () => {
    if (says?.dataset["refused"] !== undefined) {
      // A form that came back holds what was typed as if it had been saved: what is saved is asked for anew.
      form.removeAttribute("data-dirty");
      location.assign(location.pathname);
      return;
    }
    // The browser puts the fields back after this event; whatever mirrors the form (the preview) hears of it as input.
    setTimeout(() => {
      form.dispatchEvent(new Event("input", { bubbles: true }));
      show(form);
    });
  });
  form.addEventListener("submit", () => before.set(form, before.get(form) ?? ""));
}

/* A save answered with the bar alone: what stands in the form is what was saved, and what Cancel goes back to. */
function accept(form: HTMLFormElement): void {
  for (const field of form.elements) {
    if (field instanceof HTMLTextAreaElement) field.defaultValue = field.value;
    else if (field instanceof HTMLSelectElement) for (const option of field.options) option.defaultSelected = option.selected;
    else if (field instanceof HTMLInputElement) {
      if (field.type === "checkbox" || field.type === "radio") field.defaultChecked = field.checked;
      else if (field.type !== "file") field.defaultValue = field.value;
    }
  }
  before.set(form, contents(form));
}

/* What is secret is never sent back to a page: a form that comes back refused gets it from the one it takes the place of. */
const secrets = new Map<string, string>();

function keepSecrets(form: HTMLFormElement): void {
  secrets.clear();
  for (const field of form.querySelectorAll<HTMLInputElement>("input[type=password]")) {
    if (field.value && field.id) secrets.set(field.id, field.value);
  }
}

function putBackSecrets(form: HTMLFormElement): void {
  if (!form.querySelector(".conflict, .error-summary")) secrets.clear();
  for (const [id, value] of secrets) {
    const field = form.querySelector<HTMLInputElement>(`input[type=password]#${CSS.escape(id)}`);
    if (!field) continue;
    field.value = value;
    for (const one of form.querySelectorAll<HTMLElement>("[data-type-again]")) one.hidden ||= one.dataset["typeAgain"] === id;
  }
  secrets.clear();
}

export function setUpDrafts(): void {
  htmx.onLoad((loaded) => {
    const saved = loaded instanceof Element && loaded.matches(".save-bar[data-state=saved]");
    const form = saved ? loaded.closest<HTMLFormElement>("form[data-dirty]") : null;
    if (form && before.has(form)) accept(form);
    if (loaded instanceof Element && loaded.matches("form[data-dirty]")) {
      // What keeps the form from being saved stands at its top; whoever saved further down has to see it.
      const alert = loaded.querySelector<HTMLElement>(".conflict, .error-summary");
      alert?.scrollIntoView({ block: alert.offsetHeight > innerHeight / 2 ? "start" : "nearest" });
      if (alert?.matches(".conflict")) alert.focus({ preventScroll: true });
      putBackSecrets(loaded as HTMLFormElement);
    }
    forms().forEach(watch);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = (event as CustomEvent<{ target: Element; xhr: XMLHttpRequest }>).detail;
    const form = target instanceof HTMLFormElement && target.matches("[data-dirty]") ? target : null;
    if (form && (xhr.status === 409 || xhr.status === 422 || form.querySelector(".conflict"))) keepSecrets(form);
  });

  let leavingBySaving = false;
  document.addEventListener("submit", (event) => {
    // A plain submit leaves the page because it saves it; htmx cancels the event and stays.
    setTimeout(() => {
      if (event.target instanceof HTMLFormElement && event.target.matches("[data-dirty]")) leavingBySaving = !event.defaultPrevented;
    });
  });
  // Whoever takes the other's version has said so.
  on("click", "a[data-discard]", (link, event) => {
    const click = event as MouseEvent;
    if (click.button || click.ctrlKey || click.metaKey || click.shiftKey) return;
    link.closest("form")?.removeAttribute("data-dirty");
  });
  addEventListener("beforeunload", (event) => {
    if (!leavingBySaving && unsaved()) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
    const all = forms();
    if (!all.length) return;
    event.preventDefault();
    const focused = event.target instanceof Element ? event.target.closest<HTMLFormElement>("form[data-dirty]") : null;
    const form = focused ?? all.find(isUnsaved) ?? (all.length === 1 ? all[0] : undefined);
    if (form && isUnsaved(form)) form.requestSubmit();
  });
}
