/* « File restrictions »: the list of allowed types (add, move, remove, drag), and the tester of files.
 *
 * Without this script every button is a plain submit and the tester a plain form; with it nothing leaves the page until it is saved. */
import { element, on } from "./parts/dom";
import { text as said } from "./parts/text";
import { toast } from "./parts/toasts";

interface Known {
  media_type: string;
  extensions: string[];
  label: string;
}

interface Understood {
  media_type: string | null;
  description: string;
  error: string;
  suggestions: string[];
}

const MOST_SHOWN = 40;

const input = (row: Element, name: string) => row.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;
const fill = (sentence: string, values: Record<string, string | number>) =>
  sentence.replace(/%\((\w+)\)s/g, (whole, name: string) => String(values[name] ?? whole));

class FileTypes extends HTMLElement {
  private saved: Node[] = [];
  private leaving: AbortController | undefined;
  private known: Known[] = [];

  connectedCallback(): void {
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    if (!this.adder) return;
    this.known = JSON.parse(document.getElementById("media-types")?.textContent ?? "[]") as Known[];
    this.quiet(this);
    this.keep();
    this.addEventListener("click", (event) => this.pressed(event), { signal });
    this.addEventListener("keydown", (event) => this.keyed(event), { signal });
    this.form?.addEventListener("reset", () => this.reset(), { signal });
    document.addEventListener("htmx:load", (event) => {
      if (event.target instanceof Element && event.target.matches(".save-bar[data-state=saved]") && this.form?.contains(event.target)) this.keep();
    }, { signal });
    this.dragging(signal);
    this.offer(signal);
  }

  disconnectedCallback(): void {
    this.leaving?.abort();
  }

  /* Buttons of this script alone: a save by keyboard would take along whichever has the focus (htmx, lastButtonClicked). */
  private quiet(part: ParentNode): void {
    for (const button of part.querySelectorAll<HTMLButtonElement>("button[name=act]")) {
      button.type = "button";
      button.removeAttribute("name");
    }
  }

  /* A button that the server has to work out: the form comes back with the list changed, not saved. */
  private submit(act: string): void {
    const form = this.form;
    if (!form) return;
    const chosen = element("input", { type: "hidden", name: "act", value: act });
    form.append(chosen);
    form.requestSubmit();
    chosen.remove();
  }

  private get form(): HTMLFormElement | null {
    return this.closest("form");
  }

  private get body(): HTMLTableSectionElement {
    return this.querySelector("tbody")!;
  }

  private get rows(): HTMLTableRowElement[] {
    return [...this.body.rows];
  }

  private get adder(): HTMLInputElement | null {
    return this.querySelector<HTMLInputElement>("#id_add");
  }

  /* What Cancel goes back to. */
  private keep(): void {
    for (const one of this.body.querySelectorAll("input")) one.setAttribute("value", one.value);
    this.saved = this.rows.map((row) => row.cloneNode(true));
  }

  private reset(): void {
    // A list that a preset changed on the server was never saved: the page itself is what stands.
    if (this.form?.dataset["pending"] !== undefined) {
      location.assign(location.pathname);
      return;
    }
    setTimeout(() => {
      this.body.replaceChildren(...this.saved.map((row) => row.cloneNode(true)));
      this.changed();
    });
  }

  private changed(): void {
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private say(which: "moved" | "removed" | "added" | "twice", values: Record<string, string | number>): void {
    const line = this.querySelector("[data-says]");
    if (line) line.textContent = fill(this.dataset[which] ?? "", values);
  }

  private pressed(event: MouseEvent): void {
    const button = event.target instanceof Element ? event.target.closest<HTMLButtonElement>("button") : null;
    const row = button?.closest("tr");
    if (!button) return;
    const act = (work: () => void) => {
      event.preventDefault();
      work();
    };
    if (row && button.dataset["move"]) act(() => this.move(row, Number(button.dataset["move"]), button));
    else if (row && button.dataset["remove"] !== undefined) act(() => this.remove_(row));
    else if (row && button.dataset["take"]) {
      act(() => {
        const box = input(row, "media_type");
        box.value = button.dataset["take"]!;
        box.removeAttribute("aria-invalid");
        box.closest("td")?.classList.remove("is-invalid");
        row.querySelector("[data-row-says]")?.remove();
        box.focus();
        this.changed();
      });
    } else if (button.dataset["add"] !== undefined) act(() => void this.add(this.adder!.value));
    else if (/^(?:preset|defaults)/.test(button.value)) act(() => this.submit(button.value));
    else if (button.closest("[data-add-says]")) act(() => void this.add(button.value.replace(/^add:/, "") || button.textContent));
  }

  private move(row: HTMLTableRowElement, by: number, focus?: HTMLElement): void {
    const rows = this.rows;
    const to = rows.indexOf(row) + by;
    if (to < 0 || to >= rows.length) return;
    if (by < 0) rows[to]!.before(row);
    else rows[to]!.after(row);
    focus?.focus();
    this.say("moved", { type: input(row, "media_type").value, place: to + 1, count: rows.length });
    this.changed();
  }

  private remove_(row: HTMLTableRowElement): void {
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector<HTMLElement>("[data-remove]");
    this.say("removed", { type: input(row, "media_type").value });
    row.remove();
    (next ?? this.adder)?.focus();
    this.changed();
  }

  private keyed(event: KeyboardEvent): void {
    const target = event.target instanceof HTMLElement ? event.target : null;
    const row = target?.closest("tr");
    if (row && target && event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      this.move(row, event.key === "ArrowUp" ? -1 : 1, target);
    }
  }

  /* The server says what was meant, so that page and script cannot disagree. */
  private async add(typed: string): Promise<void> {
    const says = this.querySelector<HTMLElement>("[data-add-says]")!;
    let answer: Understood;
    try {
      const response = await fetch(`${this.dataset["typesUrl"]}?q=${encodeURIComponent(typed)}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      answer = (await response.json()) as Understood;
    } catch {
      toast(said("request-offline"), "bad");
      return;
    }
    const { media_type: found } = answer;
    says.replaceChildren();
    this.adder!.closest(".field")?.classList.toggle("is-invalid", !found);
    if (!found) {
      says.append(element("p", { class: "field-error" }, answer.error));
      if (answer.suggestions.length) {
        const line = element("p", { class: "help" }, `${says.dataset["ask"]} `);
        for (const one of answer.suggestions) line.append(element("button", { type: "button", class: "btn btn-sm", value: `add:${one}` }, one), " ");
        says.append(line);
      }
      this.adder!.focus();
      return;
    }
    if (this.rows.some((row) => input(row, "media_type").value.trim().toLowerCase() === found)) {
      says.append(element("p", { class: "field-error" }, fill(this.dataset["twice"] ?? "", { type: found })));
      return;
    }
    const made = this.querySelector<HTMLTemplateElement>("template[data-new]")!.content.querySelector("tr")!.cloneNode(true) as HTMLTableRowElement;
    input(made, "media_type").value = found;
    input(made, "description").value = answer.description;
    this.quiet(made);
    this.body.append(made);
    this.adder!.value = "";
    this.adder!.focus();
    this.say("added", { type: found });
    this.changed();
  }

  private dragging(signal: AbortSignal): void {
    this.addEventListener("pointerdown", (event) => {
      const handle = event.target instanceof Element ? event.target.closest("[data-drag]") : null;
      const row = handle?.closest("tr");
      if (!row || event.button !== 0) return;
      event.preventDefault();
      row.classList.add("is-dragged");
      const stop = new AbortController();
      const follow = (moved: PointerEvent) => {
        const over = document.elementFromPoint(moved.clientX, moved.clientY)?.closest("tr");
        if (!over || over === row || over.parentElement !== this.body) return;
        const box = over.getBoundingClientRect();
        if (moved.clientY < box.top + box.height / 2) over.before(row);
        else over.after(row);
      };
      const end = () => {
        stop.abort();
        row.classList.remove("is-dragged");
        this.say("moved", { type: input(row, "media_type").value, place: this.rows.indexOf(row) + 1, count: this.rows.length });
        this.changed();
      };
      document.addEventListener("pointermove", follow, { signal: stop.signal });
      document.addEventListener("pointerup", end, { signal: stop.signal });
      document.addEventListener("pointercancel", end, { signal: stop.signal });
    }, { signal });
  }

  /* The pick list under the box that adds: found by extension, type or name (combobox with a list, ARIA APG). */
  private offer(signal: AbortSignal): void {
    const box = this.adder!;
    const list = element("ul", { class: "file-picks", id: "id_add_list", role: "listbox", "aria-label": box.labels?.[0]?.textContent ?? "" });
    list.hidden = true;
    box.closest(".file-add-line")!.append(list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "id_add_list" })) box.setAttribute(name, value);
    let at = -1;
    const options = () => [...list.children] as HTMLElement[];
    const point = (to: number) => {
      at = to;
      options().forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
      const chosen = options()[at];
      if (chosen) {
        box.setAttribute("aria-activedescendant", chosen.id);
        chosen.scrollIntoView({ block: "nearest" });
      } else box.removeAttribute("aria-activedescendant");
    };
    const close = () => {
      list.hidden = true;
      box.setAttribute("aria-expanded", "false");
      point(-1);
    };
    const open = () => {
      const typed = box.value.trim().toLowerCase();
      const bare = typed.replace(/^\*?\./, "");
      const score = (one: Known) =>
        !typed ? 1 : one.extensions.includes(bare) ? 4 : one.media_type.startsWith(typed) ? 3 : one.extensions.some((extension) => extension.startsWith(bare)) ? 2 : one.media_type.includes(typed) || one.label.toLowerCase().includes(typed) ? 1 : 0;
      const found = this.known
        .map((one) => ({ one, score: score(one) }))
        .filter((entry) => entry.score)
        .sort((a, b) => b.score - a.score)
        .slice(0, MOST_SHOWN);
      list.replaceChildren(
        ...found.map(({ one }, place) =>
          element("li", { role: "option", id: `id_add_${place}`, "data-type": one.media_type, "aria-selected": "false" },
            element("code", {}, one.media_type), element("span", {}, one.extensions.slice(0, 4).map((extension) => `.${extension}`).join(" "))),
        ),
      );
      list.hidden = !found.length;
      box.setAttribute("aria-expanded", String(!!found.length));
      point(-1);
    };
    const choose = (option: HTMLElement) => {
      const media = option.dataset["type"] ?? "";
      close();
      void this.add(media);
    };
    box.addEventListener("input", (event) => {
      // What stands in the box that adds is no change of the form until it is added.
      event.stopPropagation();
      open();
    }, { signal });
    // Else the save bar would come up between press and release, over the button that adds.
    box.addEventListener("change", (event) => event.stopPropagation(), { signal });
    box.addEventListener("click", open, { signal });
    box.addEventListener("blur", close, { signal });
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[role=option]") : null;
      if (option) choose(option);
    }, { signal });
    box.addEventListener("keydown", (event) => {
      const count = options().length;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open();
        else if (count) point((at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + count) % count);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if (event.key === "Enter") {
        event.preventDefault();
        const chosen = list.hidden ? undefined : options()[at];
        if (chosen) choose(chosen);
        else {
          close();
          void this.add(box.value);
        }
      }
    }, { signal });
  }
}

customElements.define("file-types", FileTypes);

/* ---- the tester */

let asking: XMLHttpRequest | undefined;

function test(form: HTMLFormElement): void {
  const verdict = document.getElementById("verdict");
  const progress = form.querySelector("progress");
  if (!verdict || !progress) return;
  const body = new FormData(form);
  const settings = document.getElementById("settings");
  if (settings instanceof HTMLFormElement) {
    for (const [name, value] of new FormData(settings)) if (name !== "csrfmiddlewaretoken" && name !== "file") body.append(name, value);
  }
  asking?.abort();
  const request = (asking = new XMLHttpRequest());
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) progress.value = event.loaded / event.total;
  };
  request.onload = () => {
    progress.hidden = true;
    if (request.status !== 200 && request.status !== 422) return toast(said(request.status === 403 ? "request-forbidden" : "request-failed"), "bad");
    // The server's own fragment, as htmx would put it there.
    verdict.innerHTML = request.responseText;
  };
  request.onerror = () => {
    progress.hidden = true;
    toast(said("request-offline"), "bad");
  };
  progress.value = 0;
  progress.hidden = false;
  request.send(body);
}

on<SubmitEvent>("submit", "form#tester", (form, event) => {
  event.preventDefault();
  test(form as HTMLFormElement);
});
on("change", "#tester input[type=file], #tester select", (changed) => {
  const form = (changed as HTMLInputElement | HTMLSelectElement).form!;
  if (form.querySelector<HTMLInputElement>("input[type=file]")?.files?.length) test(form);
});

const drop = (target: EventTarget | null) => (target instanceof Element ? target.closest<HTMLElement>("[data-drop]") : null);
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  // Elsewhere the browser would leave the page for the file.
  event.preventDefault();
  const zone = drop(event.target);
  event.dataTransfer.dropEffect = zone ? "copy" : "none";
  for (const one of document.querySelectorAll("[data-drop]")) one.classList.toggle("is-over", one === zone);
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.querySelector("[data-drop]")?.classList.remove("is-over");
});
document.addEventListener("drop", (event) => {
  const files = event.dataTransfer?.files;
  if (!files?.length) return;
  event.preventDefault();
  const zone = drop(event.target);
  zone?.classList.remove("is-over");
  const box = zone?.querySelector<HTMLInputElement>("input[type=file]");
  if (!box) return;
  const one = new DataTransfer();
  one.items.add(files[0]!);
  box.files = one.files;
  test(box.form!);
});
