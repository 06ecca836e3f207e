/* Menus are popovers, so they open, close on Escape and close on a click outside without script. Added here: arrow keys, and a
   place under their button where the browser has no anchor positioning. */
import { on } from "./dom";

const items = (menu: Element): HTMLElement[] =>
  [...menu.querySelectorAll<HTMLElement>("a[href], button, input")].filter((item) => !item.hasAttribute("disabled"));

export function setUpMenus(): void {
  on<KeyboardEvent>("keydown", "[popovertarget]", (button, event) => {
    if (event.key !== "ArrowDown") return;
    const menu = document.getElementById(button.getAttribute("popovertarget") ?? "");
    if (!menu?.matches(".menu")) return;
    event.preventDefault();
    menu.showPopover();
    items(menu)[0]?.focus();
  });

  on<KeyboardEvent>("keydown", ".menu", (menu, event) => {
    const all = items(menu);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || !all.length) return;
    event.preventDefault();
    all[(next + all.length) % all.length]?.focus();
  });

  on("click", ".menu :is(a, [data-close-menu])", (item) => item.closest<HTMLElement>("[popover]")?.hidePopover());

  if (CSS.supports("position-area", "bottom span-right")) return;
  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target as HTMLElement;
      if (!menu.matches(".menu:popover-open")) return;
      const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
      if (!button) return;
      const near = button.getBoundingClientRect();
      const { width, height } = menu.getBoundingClientRect();
      const left = menu.classList.contains("is-end") ? near.right - width : near.left;
      const below = near.bottom + height + 8 < innerHeight;
      menu.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
      menu.style.top = `${below ? near.bottom : Math.max(8, near.top - height - 12)}px`;
    },
    true,
  );
}
