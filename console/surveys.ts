/* The builder of forms and the editor of options: what their buttons do by a round trip, done here at once; and dragging.
 *
 * [data-sortable] holds <li>s; in each a [data-handle] to drag by, buttons [data-move] (-1, 1) and, in a tree, [data-level] (-1, 1)
 * with an input [data-depth]. Alt and an arrow key in a row do the same. Everything is order and depth in the form: nothing is saved. */
import { on } from "./parts/dom";

const rows = (list: Element) => [...list.querySelectorAll<HTMLElement>(":scope > li[data-label]")];
const depthOf = (row: Element) => Number(row.querySelector<HTMLInputElement>("[data-depth]")?.value ?? 0);

/** A row with what stands below it in a tree. */
function branch(row: HTMLElement): HTMLElement[] {
  const found = [row];
  for (let next = row.nextElementSibling; next instanceof HTMLElement && depthOf(next) > depthOf(row); next = next.nextElementSibling) found.push(next);
  return found;
}

function setDepth(row: HTMLElement, depth: number): void {
  const input = row.querySelector<HTMLInputElement>("[data-depth]");
  if (!input) return;
  row.classList.remove(`is-level-${input.value}`);
  input.value = String(depth);
  row.classList.add(`is-level-${depth}`);
}

/** No row deeper than one level below the one before it; the first and the last of a list cannot go further. */
function settle(list: Element): void {
  let before = -1;
  const all = rows(list);
  for (const row of all) {
    setDepth(row, Math.max(0, Math.min(depthOf(row), before + 1, 9)));
    before = depthOf(row);
  }
  all.forEach((row, at) => {
    for (const button of row.querySelectorAll<HTMLElement>("[data-move]")) {
      const end = at === (button.dataset["move"] === "-1" ? 0 : all.length - 1);
      if (end) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  });
}

function told(list: HTMLElement, row: HTMLElement): void {
  settle(list);
  const all = rows(list);
  const label = row.querySelector<HTMLInputElement>("input[name$=':label']")?.value || row.dataset["label"] || "";
  const says = list.closest("form")?.querySelector("[data-said]");
  if (says) {
    says.textContent = (list.dataset["moved"] ?? "")
      .replace("%(name)s", label)
      .replace("%(place)s", String(all.indexOf(row) + 1))
      .replace("%(count)s", String(all.length));
  }
  list.closest("form")?.dispatchEvent(new Event("input", { bubbles: true }));
}

/** One place up or down; in a tree past a neighbour of the same level, with all that stands below. */
function move(row: HTMLElement, by: number): void {
  const list = row.parentElement!;
  const moved = branch(row);
  const level = depthOf(row);
  if (by < 0) {
    let before = row.previousElementSibling as HTMLElement | null;
    while (before && depthOf(before) > level) before = before.previousElementSibling as HTMLElement | null;
    if (!before || depthOf(before) !== level || !before.dataset["label"]?.length && !before.matches("[data-label]")) return;
    before.before(...moved);
  } else {
    const after = moved.at(-1)!.nextElementSibling as HTMLElement | null;
    if (!after?.matches("[data-label]") || depthOf(after) !== level) return;
    branch(after).at(-1)!.after(...moved);
  }
  told(list, row);
}

function shift(row: HTMLElement, by: number): void {
  const list = row.parentElement!;
  const before = row.previousElementSibling;
  if (by > 0 && (!before || depthOf(row) > depthOf(before))) return;
  if (by < 0 && !depthOf(row)) return;
  for (const one of branch(row)) setDepth(one, depthOf(one) + by);
  told(list, row);
}

function press(button: HTMLElement, event: Event): void {
  const row = button.closest("li");
  if (!row?.parentElement?.matches("[data-sortable]")) return;
  event.preventDefault();
  if (button.dataset["move"]) move(row, Number(button.dataset["move"]));
  else shift(row, Number(button.dataset["level"]));
  // Moved in the document, it lost the focus.
  button.focus();
}

on("click", "[data-sortable] [data-move], [data-sortable] [data-level]", press);

on<KeyboardEvent>("keydown", "[data-sortable] > li", (row, event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const focused = document.activeElement as HTMLElement | null;
  const rtl = getComputedStyle(row).direction === "rtl";
  if (event.key === "ArrowUp") move(row, -1);
  else if (event.key === "ArrowDown") move(row, 1);
  else if (event.key === (rtl ? "ArrowLeft" : "ArrowRight") && row.parentElement?.matches("[data-tree]")) shift(row, 1);
  else if (event.key === (rtl ? "ArrowRight" : "ArrowLeft") && row.parentElement?.matches("[data-tree]")) shift(row, -1);
  else return;
  event.preventDefault();
  focused?.focus();
});

on<PointerEvent>("pointerdown", "[data-sortable] [data-handle]", (handle, event) => {
  const row = handle.closest<HTMLElement>("li")!;
  const list = row.parentElement!;
  if (event.button) return;
  event.preventDefault();
  const started = event.clientX;
  const level = depthOf(row);
  const dragged = branch(row);
  for (const one of dragged) one.classList.add("is-dragged");
  const over = (moving: PointerEvent) => {
    const at = rows(list).find((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      return !dragged.includes(one) && moving.clientY >= top && moving.clientY < bottom;
    });
    if (at) {
      const { top, height } = at.getBoundingClientRect();
      if (moving.clientY < top + height / 2) at.before(...dragged);
      else at.after(...dragged);
    }
    if (!list.matches("[data-tree]")) return;
    const wanted = Math.max(0, level + Math.round((moving.clientX - started) / 24));
    const before = dragged[0]!.previousElementSibling;
    const to = Math.min(wanted, before ? depthOf(before) + 1 : 0);
    const by = to - depthOf(row);
    for (const one of dragged) setDepth(one, Math.max(0, depthOf(one) + by));
  };
  const end = () => {
    leave.abort();
    for (const one of dragged) one.classList.remove("is-dragged");
    told(list, row);
  };
  // On the document, not by capture: what is moved in the document loses its capture.
  const leave = new AbortController();
  document.addEventListener("pointermove", over, { signal: leave.signal });
  for (const type of ["pointerup", "pointercancel"]) document.addEventListener(type, end, { signal: leave.signal });
});

/* A type with options shows them at once. */
on("change", "select[data-refresh]", (select) => {
  const form = select.closest("form")!;
  const asked = document.createElement("input");
  Object.assign(asked, { type: "hidden", name: "do", value: "refresh" });
  form.append(asked);
  form.requestSubmit();
});

/* Cancel goes back to what is saved, however often a button has changed the page since. */
document.addEventListener("reset", (event) => {
  if (event.target instanceof HTMLFormElement && event.target.matches(".survey-builder[data-changed]")) {
    event.target.removeAttribute("data-dirty");
    location.assign(location.pathname);
  }
});

/* A button's answer is another form: what mirrors it (the preview) hears of it as input. */
document.addEventListener("htmx:load", (event) => {
  if (event.target instanceof HTMLFormElement && event.target.matches(".survey-builder")) {
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
