/* The page of a language's phrases: search, "changed only", "missing only", what each box holds, and back to the default.
 *
 * <phrase-filter> stands above the form with the phrases ([data-phrase], each with its box and its default). Without script all
 * phrases are there, and an empty box is the way back. */

type Shown = "all" | "changed" | "missing";

/* The form comes anew when it is saved; what was searched for stays. */
let searched = "";
let chosen: Shown = "all";

const plain = (text: string) =>
  text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLocaleLowerCase();

class PhraseFilter extends HTMLElement {
  private leaving: AbortController | undefined;

  connectedCallback(): void {
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    const search = this.querySelector<HTMLInputElement>("input[type=search]");
    const radio = this.querySelector<HTMLInputElement>(`input[type=radio][value="${chosen}"]`);
    if (search) search.value = searched;
    if (radio) radio.checked = true;
    this.addEventListener("input", (event) => this.turned(event.target as HTMLInputElement), { signal });
    this.addEventListener("change", (event) => this.turned(event.target as HTMLInputElement), { signal });
    const column = this.closest("#phrases-column") ?? document;
    column.addEventListener(
      "input",
      (event) => {
        if (event.target instanceof HTMLTextAreaElement) this.typed(event.target);
        // Cancel puts all boxes back, and says so as one event of the form.
        else if (event.target instanceof HTMLFormElement) this.all().forEach((phrase) => this.look(phrase));
        this.count();
      },
      { signal },
    );
    column.addEventListener(
      "click",
      (event) => {
        const button = event.target instanceof Element ? event.target.closest("[data-reset]") : null;
        const box = button?.closest("[data-phrase]")?.querySelector("textarea");
        if (!box) return;
        box.value = "";
        box.dispatchEvent(new Event("input", { bubbles: true }));
        box.focus();
      },
      { signal },
    );
    // The link of an error leads to a phrase that the filter may hide.
    column.addEventListener(
      "click",
      (event) => {
        const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#id_phrase."]') : null;
        const box = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
        if (!box) return;
        event.preventDefault();
        box.closest<HTMLElement>("[data-phrase]")!.hidden = false;
        box.focus();
      },
      { signal },
    );
    this.all().forEach((phrase) => this.look(phrase));
    this.show();
    this.count();
    // What keeps the phrases from being saved stands at their top; whoever saved further down has to see it.
    this.lead();
    document.addEventListener("htmx:afterSettle", () => this.lead(), { once: true, signal });
    window.addEventListener("hashchange", () => this.called(), { signal });
    this.called();
    // While it loads, the browser brings the box itself to the top, without what stands above it.
    if (document.readyState !== "complete")
      window.addEventListener("load", () => requestAnimationFrame(() => this.called()), { once: true, signal });
  }

  /* The palette and links from elsewhere name a phrase: it is shown, whatever is filtered, and the cursor stands in its box. */
  private called(): void {
    const box = location.hash.startsWith("#id_phrase.") ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    const phrase = box?.closest<HTMLElement>("[data-phrase]");
    if (!box || !phrase || this.closest("#phrases-column")?.querySelector(".conflict, .error-summary")) return;
    phrase.hidden = false;
    phrase.scrollIntoView({ block: "center" });
    box.focus({ preventScroll: true });
  }

  private lead(): void {
    const alert = this.closest("#phrases-column")?.querySelector<HTMLElement>(".conflict, .error-summary");
    alert?.focus({ preventScroll: true });
    alert?.scrollIntoView({ block: "start" });
  }

  disconnectedCallback(): void {
    this.leaving?.abort();
  }

  private all(): HTMLElement[] {
    return [...(this.closest("#phrases-column")?.querySelectorAll<HTMLElement>("[data-phrase]") ?? [])];
  }

  private turned(input: HTMLInputElement): void {
    if (input.type === "search") searched = input.value;
    else chosen = input.value as Shown;
    this.show();
  }

  private typed(box: HTMLTextAreaElement): void {
    const phrase = box.closest<HTMLElement>("[data-phrase]");
    if (phrase) this.look(phrase);
  }

  /* What a phrase is: changed, missing; how long; whether there is something to take back. */
  private look(phrase: HTMLElement): void {
    const box = phrase.querySelector("textarea");
    if (!box) return;
    const text = box.value;
    phrase.classList.toggle("is-changed", !!text.trim() && text !== phrase.dataset["default"]);
    phrase.classList.toggle("is-missing", !text.trim() && phrase.dataset["foreign"] !== undefined);
    const reset = phrase.querySelector<HTMLElement>("[data-reset]");
    if (reset) reset.hidden = !text;
    const length = phrase.querySelector("[data-length]");
    // Characters as the server counts them: code points.
    const count = [...text.replace(/\r\n?/g, "\n")].length;
    if (length) length.textContent = String(count);
    phrase.querySelector(".phrase-count")?.classList.toggle("is-over", count > Number(box.dataset["most"]));
  }

  private show(): void {
    const words = plain(searched).split(/\s+/).filter(Boolean);
    let there = 0;
    for (const phrase of this.all()) {
      const box = phrase.querySelector("textarea");
      const text = plain(`${phrase.textContent} ${box?.value ?? ""}`);
      const fits = words.every((word) => text.includes(word)) && (chosen === "all" || phrase.classList.contains(`is-${chosen}`));
      // What cannot be saved is never out of sight.
      phrase.hidden = !fits && phrase.dataset["wrong"] === undefined;
      if (!phrase.hidden) there++;
    }
    const none = this.closest("#phrases-column")?.querySelector<HTMLElement>(".phrase-none");
    if (none) {
      none.hidden = there > 0;
      none.textContent = there > 0 ? "" : (this.dataset["none"] ?? "");
    }
  }

  private count(): void {
    const all = this.all();
    for (const kind of ["changed", "missing"]) {
      const place = this.querySelector(`[data-count="${kind}"]`);
      if (place) place.textContent = String(all.filter((phrase) => phrase.classList.contains(`is-${kind}`)).length);
    }
  }
}

customElements.define("phrase-filter", PhraseFilter);
