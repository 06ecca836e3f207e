/* A web page behind a preview. */

/** A web page in outline, so that the launcher stands somewhere; nothing in it is read or clicked. */
export function drawPage(container: HTMLElement) {
  const page = document.createElement("div");
  page.setAttribute("aria-hidden", "true");
  const set = (element: HTMLElement, rules: Record<string, string>) => {
    for (const [name, value] of Object.entries(rules)) element.style.setProperty(name, value);
    return element;
  };
  set(page, { position: "absolute", inset: "0", overflow: "hidden", padding: "7%", "border-radius": "inherit", "box-sizing": "border-box" });
  const bars = ["38%", "100%", "94%", "97%", "61%", "0", "30%", "100%", "92%", "72%"].map((width, i) => {
    const bar = document.createElement("div");
    const title = i === 0 || width === "30%";
    page.append(set(bar, { width, height: title ? "16px" : "9px", "margin-bottom": title ? "20px" : "13px", "border-radius": "6px" }));
    return bar;
  });
  if (getComputedStyle(container).position === "static") container.style.setProperty("position", "relative");
  container.prepend(page);
  return {
    paint(theme: "light" | "dark" = "light") {
      const dark = theme === "dark";
      set(page, { background: dark ? "#181b21" : "#f5f6f8" });
      for (const bar of bars) set(bar, { background: dark ? "#262b33" : "#e3e6eb" });
    },
    remove: () => page.remove(),
  };
}
