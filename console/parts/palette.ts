/* The palette ("/" or Ctrl K): type, choose with the arrows, Enter goes there. A combobox over a list, as WAI-ARIA describes it. */
import { element, icon, isTyping, on } from "./dom";
import { text } from "./text";

interface Result {
  title: string;
  detail?: string;
  url: string;
  group: string;
  icon: string;
}

export function setUpPalette(): void {
  const dialog = document.getElementById("palette") as HTMLDialogElement | null;
  const input = dialog?.querySelector<HTMLInputElement>("input");
  const list = dialog?.querySelector<HTMLElement>("[role=listbox]");
  const says = dialog?.querySelector<HTMLElement>("[role=status]");
  if (!dialog || !input || !list || !says) return;

  let asked: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const options = () => [...list.querySelectorAll<HTMLElement>("[role=option]")];

  function choose(option: HTMLElement | undefined): void {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    if (option) {
      input!.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input!.removeAttribute("aria-activedescendant");
  }

  function draw(results: Result[]): void {
    list!.replaceChildren();
    let group = "";
    let box: HTMLElement = list!;
    results.forEach((result, index) => {
      if (result.group !== group) {
        group = result.group;
        const title = element("div", { class: "palette-group", id: `palette-group-${index}`, role: "presentation" }, group);
        box = element("div", { role: "group", "aria-labelledby": title.id }, title);
        list!.append(box);
      }
      const option = element(
        "div",
        { class: "palette-option", role: "option", id: `palette-option-${index}`, "aria-selected": "false", "data-url": result.url },
        icon(result.icon),
        element("span", {}, result.title),
      );
      if (result.detail) option.append(element("small", {}, result.detail));
      box.append(option);
    });
    input!.setAttribute("aria-expanded", String(results.length > 0));
    list!.hidden = results.length === 0;
    says!.textContent = results.length ? "" : text("palette-nothing");
    says!.hidden = results.length > 0;
    choose(options()[0]);
  }

  async function look(): Promise<void> {
    asked?.abort();
    asked = new AbortController();
    const url = new URL(dialog!.dataset["url"] ?? "", location.href);
    url.searchParams.set("q", input!.value.trim());
    try {
      const answer = await fetch(url, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      draw(((await answer.json()) as { results: Result[] }).results);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      draw([]);
      says!.textContent = text("request-failed");
    }
  }

  function open(): void {
    if (dialog!.open) return;
    dialog!.showModal();
    input!.select();
    void look();
  }

  const go = (option: HTMLElement | undefined, elsewhere: boolean) => {
    const url = option?.dataset["url"];
    if (!url) return;
    if (elsewhere) window.open(url, "_blank", "noopener");
    else {
      const here = new URL(location.href);
      const to = new URL(url, here);
      location.assign(url);
      if (!to.hash || to.pathname !== here.pathname || to.search !== here.search) return;
      // Another place of this very page: nothing is loaded, which would have closed the palette.
      dialog.close();
      if (to.hash === here.hash) window.dispatchEvent(new HashChangeEvent("hashchange"));
    }
  };

  on<MouseEvent>("click", "[data-palette]", (_button, event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    const combined = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
    if ((!combined && !slash) || document.querySelector("dialog[open]:not(#palette)")) return;
    event.preventDefault();
    open();
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), 80);
  });
  input.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (all.length) choose(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(all[at], event.ctrlKey || event.metaKey);
    }
  });
  list.addEventListener("click", (event) => {
    const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[role=option]") : null;
    if (option) go(option, event.ctrlKey || event.metaKey);
  });
  list.addEventListener("pointermove", (event) => {
    const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[role=option]") : null;
    if (option && option.getAttribute("aria-selected") !== "true") choose(option);
  });
}
