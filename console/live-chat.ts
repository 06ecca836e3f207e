/* The page « Live chat »: lists whose rows are added and removed. Without script, the empty row at the end is one to write in.
 * Offline messages: one box that chooses all of the page; without script each is chosen by itself. */

class MoreRows extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#clicked);
  }

  #clicked = (event: Event): void => {
    const target = event.target as Element;
    const remove = target.closest<HTMLElement>("[data-remove-row]");
    if (remove) this.#remove(remove.closest<HTMLElement>("[data-row]")!);
    else if (target.closest("[data-add-row]")) this.#add();
  };

  #rows = (): HTMLElement[] => [...this.querySelectorAll<HTMLElement>("[data-row]")];

  #fields = (row: HTMLElement) => [...row.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>("input, select, textarea")];

  #clear(row: HTMLElement): void {
    for (const field of this.#fields(row)) {
      if (field instanceof HTMLSelectElement) field.selectedIndex = 0;
      else field.value = "";
      field.classList.remove("is-invalid");
    }
    for (const error of row.querySelectorAll(".field-error")) error.remove();
  }

  #add(): void {
    const rows = this.#rows();
    const last = rows.at(-1)!;
    const blank = this.#fields(last).every((field) => !field.value || (field instanceof HTMLSelectElement && !!field.options[0]!.value));
    if (blank) return this.#fields(last)[0]!.focus();
    if (rows.length >= Number(this.dataset.most)) return;
    const row = last.cloneNode(true) as HTMLElement;
    this.#clear(row);
    last.after(row);
    this.#fields(row)[0]!.focus();
    this.#say(this.dataset.added);
    this.#changed();
  }

  #remove(row: HTMLElement): void {
    const rows = this.#rows();
    const place = rows.indexOf(row);
    if (rows.length === 1) this.#clear(row);
    else row.remove();
    const after = this.#rows();
    this.#fields(after[Math.min(place, after.length - 1)]!)[0]!.focus();
    this.#say(this.dataset.removed);
    this.#changed();
  }

  #say(words = ""): void {
    this.querySelector("[data-says]")!.textContent = words;
  }

  /** A script that changes a form says so. */
  #changed(): void {
    this.closest("form")?.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("more-rows", MoreRows);

/** Stands in the form whose boxes called "message" it chooses. */
class ChooseAll extends HTMLElement {
  connectedCallback(): void {
    const all = this.querySelector("input")!;
    const form = this.closest("form")!;
    const boxes = [...form.querySelectorAll<HTMLInputElement>("[name=message]")];
    const says = form.querySelector<HTMLElement>("[data-chosen]");
    const look = (): void => {
      const chosen = boxes.filter((box) => box.checked).length;
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && !all.checked;
      if (says) says.textContent = chosen ? says.dataset.chosen!.replace("{count}", String(chosen)) : "";
    };
    form.addEventListener("change", (event) => {
      if (event.target === all) for (const box of boxes) box.checked = all.checked;
      look();
    });
    // Where one comes back to, the browser may have ticked some.
    addEventListener("pageshow", look);
    look();
    this.hidden = false;
  }
}

customElements.define("choose-all", ChooseAll);
