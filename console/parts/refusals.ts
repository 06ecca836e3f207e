/* A save that could not reach its place: the session ended, the role or the thing itself went meanwhile. What was typed stays in the form. */
import { unsaved } from "./drafts";
import { element, icon } from "./dom";
import { text } from "./text";

type Why = "signed-out" | "signed-in" | "gone" | "forbidden";

const signIn = (): string | undefined => document.body.dataset["signIn"];

/** Whether an answer is the sign-in page instead of what was asked for. */
export const isSignIn = (url: string): boolean => {
  const path = signIn();
  return path !== undefined && new URL(url, location.href).pathname === path && location.pathname !== path;
};

/** Say at the top of the form why nothing was saved; the focus goes there. */
function say(form: HTMLFormElement, why: Why): void {
  form.querySelector(".save-refused")?.remove();
  const words = element("div", { id: "save-refused" }, text(`save-${why}`));
  if (why === "signed-out") {
    const next = `${signIn() ?? ""}?next=${encodeURIComponent(location.pathname + location.search)}`;
    words.append(" ", element("a", { href: next, target: "_blank", rel: "noopener" }, text("sign-in-again")));
  }
  const good = why === "signed-in";
  const note = element(
    "div",
    { class: `note ${good ? "is-good" : "is-bad"} save-refused`, role: "alert", tabindex: "-1", "aria-labelledby": "save-refused" },
    icon(good ? "circle-check" : "alert-circle"),
    words,
  );
  form.prepend(note);
  note.scrollIntoView({ block: "nearest" });
  note.focus({ preventScroll: true });
  if (why !== "signed-in") refuse(form);
}

/* The bar stays, and leaving asks, although the form may be the one it was when it was last answered. */
function refuse(form: HTMLFormElement): void {
  const bar = form.querySelector<HTMLElement>(".save-bar");
  if (bar) Object.assign(bar.dataset, { state: "dirty", refused: "" });
}

/** Whether somebody's unsaved words are in the page; then they are told, and the page stays. */
export function sessionEnded(): boolean {
  const form = unsaved();
  if (!form) return false;
  if (!waiting) say(form, "signed-out");
  waiting = form;
  return true;
}

/** The answer 403 or 404 to a save of this form; false where it was no save. */
export function refused(form: HTMLFormElement | null, status: number): boolean {
  if (!form || (status !== 403 && status !== 404)) return false;
  say(form, status === 403 ? "forbidden" : "gone");
  return true;
}

let waiting: HTMLFormElement | undefined;

/** Take over the token of the session there is now; false while nobody is signed in. */
export async function renewToken(): Promise<boolean> {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (isSignIn(answer.url)) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = fresh.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content;
  if (!token) return false;
  document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.setAttribute("content", token);
  for (const field of document.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]")) field.value = token;
  return true;
}

export function setUpRefusals(): void {
  const back = (): void => {
    if (!waiting || document.visibilityState === "hidden") return;
    void renewToken().then((there) => {
      if (there && waiting) {
        say(waiting, "signed-in");
        waiting = undefined;
      }
    }, console.warn);
  };
  addEventListener("focus", back);
  document.addEventListener("visibilitychange", back);
}
