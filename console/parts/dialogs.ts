/* Dialogs: a link that would lead to a small form opens it over the page, and a dangerous button asks first. Without script the
   link leads to the form's own page. */
import { on } from "./dom";
import { htmx } from "./requests";

const shown = () => document.getElementById("dialog") as HTMLDialogElement | null;

export function setUpDialogs(): void {
  on<MouseEvent>("click", "a[data-dialog]", (link, event) => {
    const dialog = shown();
    if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    void htmx.ajax("get", (link as HTMLAnchorElement).href, { source: link, target: "#dialog", swap: "innerHTML" });
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = shown();
    if (event.target !== dialog || !dialog) return;
    if (!dialog.open && dialog.firstElementChild) dialog.showModal();
    const first = dialog.querySelector<HTMLElement>("[aria-invalid=true], [autofocus], input:not([type=hidden]), select, textarea");
    first?.focus();
    if (first instanceof HTMLInputElement && first.type === "text") first.select();
  });

  on("click", "[data-close-dialog]", (button, event) => {
    event.preventDefault();
    button.closest("dialog")?.close();
  });

  // A press on the backdrop closes; a drag that ends there (selecting text) does not.
  let pressed: EventTarget | null = null;
  document.addEventListener("pointerdown", (event) => {
    pressed = event.target;
  });
  on<MouseEvent>("click", "dialog", (dialog, event) => {
    if (event.target === dialog && pressed === dialog) (dialog as HTMLDialogElement).close();
  });

  // The name typed back: the button follows, the server checks again.
  on("input", "input[data-must-equal]", (input) => {
    const button = input.closest("form")?.querySelector<HTMLButtonElement>("[data-needs-match]");
    const field = input as HTMLInputElement;
    if (button) button.disabled = field.value.trim() !== field.dataset["mustEqual"];
  });
  htmx.onLoad((part) => {
    (part as Element).querySelectorAll("input[data-must-equal]").forEach((input) => input.dispatchEvent(new Event("input", { bubbles: true })));
  });

  setUpQuestions();
}

/* Any form, or the button it is sent by, with data-confirm (and htmx's hx-confirm) asks in a dialog of ours. */
function setUpQuestions(): void {
  const agreed = new WeakSet<Element>();

  on<SubmitEvent>("submit", "form", (form, event) => {
    const source = [event.submitter, form].find((one): one is HTMLElement => one !== null && "confirm" in one.dataset);
    if (!source || agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void ask(source).then((yes) => {
      if (!yes) return;
      agreed.add(form);
      // A part of the page that renews itself may have replaced the form while the question stood: what was agreed to is sent as
      // it was asked, as a plain form.
      if (!form.isConnected) {
        (form as HTMLFormElement).hidden = true;
        document.body.append(form);
      }
      (form as HTMLFormElement).requestSubmit(form.contains(event.submitter) ? event.submitter : null);
    });
  });

  document.addEventListener("htmx:confirm", (event) => {
    const { elt, question, issueRequest } = (
      event as CustomEvent<{ elt: HTMLElement; question: string | null; issueRequest: (skip: boolean) => void }>
    ).detail;
    if (!question) return;
    event.preventDefault();
    void ask(elt, question).then((yes) => {
      if (yes) issueRequest(true);
    });
  });
}

function ask(source: HTMLElement, question = source.dataset["confirm"] ?? ""): Promise<boolean> {
  const dialog = document.getElementById("confirm") as HTMLDialogElement;
  const part = (name: string) => dialog.querySelector<HTMLElement>(`[data-part=${name}]`)!;
  part("title").textContent = source.dataset["confirmTitle"] ?? part("title").dataset["default"] ?? "";
  part("text").textContent = question;
  const yes = part("yes");
  yes.textContent = source.dataset["confirmAction"] ?? yes.dataset["default"] ?? "";
  yes.className = source.dataset["confirmDanger"] === undefined ? "btn btn-primary" : "btn btn-danger";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
