/* The pages of blocked addresses: line numbers beside the text, a finding leads to its line, a file shows how far it is. */
import { on } from "./parts/dom";

/* <address-box> around a labelled textarea: only the numbers in sight are drawn, so 10,000 lines cost what ten do. */
class AddressBox extends HTMLElement {
  private gutter: HTMLElement | undefined;
  private observer: ResizeObserver | undefined;

  get area(): HTMLTextAreaElement | null {
    return this.querySelector("textarea");
  }

  connectedCallback(): void {
    const area = this.area;
    if (!area) return;
    this.gutter ??= document.createElement("div");
    this.gutter.className = "address-gutter";
    this.gutter.ariaHidden = "true";
    area.before(this.gutter);
    const draw = () => this.draw();
    area.addEventListener("scroll", draw, { passive: true });
    area.addEventListener("input", draw);
    this.observer = new ResizeObserver(draw);
    this.observer.observe(area);
    draw();
  }

  disconnectedCallback(): void {
    this.observer?.disconnect();
  }

  /* Select a line, counted from 1, and bring it into sight. */
  goTo(line: number): void {
    const area = this.area;
    if (!area) return;
    const lines = area.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    area.focus({ preventScroll: true });
    area.setSelectionRange(before, before + (lines[line - 1] ?? "").length);
    area.scrollTop = Math.max(0, (line - 4) * this.lineHeight(area));
    area.scrollIntoView({ block: "nearest" });
    this.draw();
  }

  private lineHeight(area: HTMLTextAreaElement): number {
    return parseFloat(getComputedStyle(area).lineHeight) || 20;
  }

  private draw(): void {
    const area = this.area;
    const gutter = this.gutter;
    if (!area || !gutter) return;
    const height = this.lineHeight(area);
    const first = Math.floor(area.scrollTop / height);
    const shown = Math.ceil(area.clientHeight / height) + 1;
    let total = 1;
    for (let at = area.value.indexOf("\n"); at >= 0; at = area.value.indexOf("\n", at + 1)) total += 1;
    const last = Math.min(total, first + shown);
    gutter.textContent = Array.from({ length: Math.max(0, last - first) }, (_, index) => String(first + index + 1)).join("\n");
    gutter.style.top = `${area.offsetTop + area.clientTop}px`;
    gutter.style.height = `${area.clientHeight}px`;
    gutter.style.paddingTop = getComputedStyle(area).paddingTop;
    gutter.scrollTop = area.scrollTop - first * height;
  }
}

customElements.define("address-box", AddressBox);

on("click", "[data-line]", (target) => {
  document.querySelector<AddressBox>("address-box")?.goTo(Number(target.dataset["line"]));
});

interface Sent extends Event {
  detail: { lengthComputable: boolean; loaded: number; total: number };
}

/* How much of a file has been sent; from then on the server reads it, and nobody can say how far that is. */
on<Sent>("htmx:xhr:progress", "form.addresses", (form, event) => {
  const box = form.querySelector<HTMLElement>(".upload");
  const bar = box?.querySelector("progress");
  const says = box?.querySelector<HTMLElement>("[data-sending]");
  const large = event.detail.total > 50_000;
  if (!box || !bar || !says || !event.detail.lengthComputable || !large) return;
  box.hidden = false;
  if (event.detail.loaded < event.detail.total) {
    bar.value = (event.detail.loaded / event.detail.total) * 100;
    says.textContent = says.dataset["sending"] ?? "";
  } else {
    bar.removeAttribute("value");
    says.textContent = says.dataset["reading"] ?? "";
  }
});

on<Event>("htmx:afterRequest", "form.addresses", (form) => {
  const box = form.querySelector<HTMLElement>(".upload");
  if (box) box.hidden = true;
});
