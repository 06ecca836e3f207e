/* Short news at the corner: from the server's messages, from an HX-Trigger {"toast": {...}}, or from a script. */
import { element, icon, on } from "./dom";
import { text } from "./text";

export type Kind = "good" | "bad" | "wait" | "plain";
const icons = {
  good: () => icon("circle-check"),
  bad: () => icon("alert-circle"),
  wait: () => icon("alert-triangle"),
  plain: () => icon("info-circle"),
};
const seconds = 6;

export function toast(words: string, kind: Kind = "plain"): void {
  const box = document.getElementById("toasts");
  if (!box) return;
  const close = element("button", { type: "button", class: "copy", "data-close-toast": "" }, icon("x"));
  close.setAttribute("aria-label", text("close"));
  const made = element("div", { class: `toast is-${kind}` }, icons[kind](), element("div", {}, words), close);
  box.append(made);
  fade(made);
}

/* An error stays until it is closed; anything else goes by itself, not while somebody reads it. */
function fade(made: HTMLElement): void {
  if (made.classList.contains("is-bad")) return;
  const timer = setInterval(() => {
    if (made.matches(":hover, :focus-within")) return;
    clearInterval(timer);
    made.remove();
  }, seconds * 1000);
}

export function setUpToasts(): void {
  document.querySelectorAll<HTMLElement>("#toasts .toast").forEach(fade);
  on("click", "[data-close-toast]", (button) => button.closest(".toast")?.remove());
  document.addEventListener("toast", (event) => {
    const { text: words, kind } = (event as CustomEvent<{ text?: string; kind?: Kind }>).detail;
    if (words) toast(words, kind);
  });
}
