/* The page of one Adaptive Card: it is drawn as the visitor sees it while its JSON is being written. */
import "./desk/card_element";
import type { AdaptiveCardElement } from "./desk/card_element";

const element = document.querySelector<AdaptiveCardElement>("adaptive-card[data-source]");
const source = element ? (document.getElementById(element.dataset["source"] ?? "") as HTMLTextAreaElement | null) : null;

if (element && source) {
  const wrong = document.querySelector<HTMLElement>("[data-card-wrong]");
  const said = document.querySelector<HTMLElement>("[data-card-said]");
  let timer: ReturnType<typeof setTimeout> | undefined;

  const draw = async () => {
    let card: unknown;
    try {
      card = JSON.parse(source.value);
    } catch {
      if (wrong) wrong.hidden = false;
      return;
    }
    const drawn = await element.show(card, (text) => {
      if (said) said.textContent = (said.dataset["words"] ?? "").replace("%(text)s", text);
    });
    if (wrong) wrong.hidden = drawn;
  };

  // The editor tells its textarea of every change, and Cancel puts the text back after its event.
  source.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void draw(), 150);
  });
  source.form?.addEventListener("reset", () => setTimeout(() => void draw()));
  void draw();
}
