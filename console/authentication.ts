/* The page « Authentication »: more mapping rows, a click on a field of the answer, the tester's steps as they come. */
let lastPath: HTMLInputElement | undefined;

document.addEventListener("focusin", (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement && (/^map-\d+-path$/.test(field.name) || /^mapping_(customer_id|first_name|last_name)$/.test(field.name))) lastPath = field;
});

function addRow(): HTMLInputElement | undefined {
  const table = document.querySelector<HTMLTableElement>("#mapping-rows");
  const rows = table?.tBodies[0]?.rows;
  const last = rows?.[rows.length - 1];
  if (!table || !rows || !last || rows.length >= Number(table.dataset.most)) return undefined;
  const made = last.cloneNode(true) as HTMLTableRowElement;
  const number = rows.length;
  for (const cell of made.cells) cell.classList.remove("is-invalid");
  made.querySelector("[data-row-says]")?.remove();
  for (const field of made.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) {
    field.name = field.name.replace(/^map-\d+-/, `map-${number}-`);
    for (const name of ["aria-invalid", "aria-describedby"]) field.removeAttribute(name);
    if (field instanceof HTMLInputElement) field.value = "";
    else field.selectedIndex = 0;
  }
  last.after(made);
  return made.querySelector<HTMLInputElement>("input") ?? undefined;
}

/** The row last in, else the first without a path, else a new one. */
function target(): HTMLInputElement | undefined {
  if (lastPath?.isConnected) return lastPath;
  const empty = [...document.querySelectorAll<HTMLInputElement>("#mapping-rows input[name$='-path']")].find((field) => !field.value);
  return empty ?? addRow()?.closest("tr")?.querySelector<HTMLInputElement>("input[name$='-path']") ?? undefined;
}

document.addEventListener("click", (event) => {
  const clicked = event.target instanceof Element ? event.target.closest<HTMLElement>("#mapping-add, [data-path], [data-tester]") : null;
  if (!clicked) return;
  if (clicked.id === "mapping-add") addRow()?.focus();
  else if (clicked.dataset.path !== undefined) {
    const field = target();
    if (!field) return;
    field.value = clicked.dataset.path;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    (field.closest("tr")?.querySelector<HTMLInputElement>("input[name$='-field']") ?? field).focus();
    // After the focus, which would name it again: the next click must not overwrite it.
    lastPath = undefined;
  } else if (clicked.dataset.tester) {
    event.preventDefault();
    void runTester(clicked as HTMLButtonElement, clicked.dataset.tester);
  }
});

async function runTester(button: HTMLButtonElement, url: string): Promise<void> {
  const form = button.form;
  const steps = document.querySelector<HTMLElement>("#tester-steps");
  if (!form || !steps) return;
  steps.replaceChildren();
  button.disabled = true;
  steps.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { method: "POST", body: new FormData(form), headers: { "X-Steps": "1" } });
    if (!answer.ok || !answer.body) throw new Error(String(answer.status));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ; ) {
      const { done, value } = await reader.read();
      text += value ?? "";
      // A step is whole at its last tag.
      const end = text.lastIndexOf("</li>\n");
      if (end >= 0) {
        steps.insertAdjacentHTML("beforeend", text.slice(0, end + 5));
        text = text.slice(end + 6);
      }
      if (done) break;
    }
  } catch {
    const item = document.createElement("li");
    item.className = "auth-step is-bad";
    item.textContent = steps.dataset.failed ?? "";
    steps.append(item);
  } finally {
    button.disabled = false;
    steps.removeAttribute("aria-busy");
  }
}
