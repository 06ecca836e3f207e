/* htmx as the console uses it: nothing evaluated, nothing injected as inline style, errors said in words. */
import htmx from "htmx.org";
import { isSignIn, refused, renewToken, sessionEnded } from "./refusals";
import { text } from "./text";
import { toast } from "./toasts";

interface ResponseDetail {
  xhr: XMLHttpRequest;
  shouldSwap: boolean;
}

/* Forms that were sent once more for a token. */
const renewed = new WeakSet<HTMLFormElement>();

export function setUpRequests(): void {
  Object.assign(htmx.config, {
    allowEval: false,
    allowScriptTags: false,
    includeIndicatorStyles: false,
    // Pages hold an organisation's settings: they are not copied into the browser's storage.
    historyCacheSize: 0,
    refreshOnHistoryMiss: true,
    scrollIntoViewOnBoost: false,
    defaultSettleDelay: 0,
    // Not style: written as an attribute it is what the CSP refuses.
    attributesToSettle: ["class", "width", "height"],
    // A refused form (422) and a draft somebody else changed (409) answer with the fragment that says so.
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "422", swap: true },
      { code: "409", swap: true },
      { code: "...", swap: false, error: true },
    ],
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const { headers } = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
    const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content;
    if (token) headers["X-CSRFToken"] = token;
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const detail = (event as CustomEvent<ResponseDetail>).detail;
    // A session that ended answers any fragment with the sign-in page: go there, do not paste it into the page.
    if (isSignIn(detail.xhr.responseURL || location.href)) {
      detail.shouldSwap = false;
      if (!sessionEnded()) location.reload();
    }
  });

  document.addEventListener("htmx:responseError", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-quiet]")) return;
    const { xhr } = (event as CustomEvent<ResponseDetail>).detail;
    const { status } = xhr;
    const form = target?.closest<HTMLFormElement>("form[data-dirty]") ?? null;
    if (xhr.getResponseHeader("X-Token-Refused") && form && !renewed.has(form)) {
      // Somebody signed in anew in another tab: the form is sent once more with the token of that session.
      renewed.add(form);
      void renewToken().then((there) => (there ? form.requestSubmit() : sessionEnded()), console.warn);
      return;
    }
    if (refused(form, status)) return;
    const key = status === 403 ? "forbidden" : status === 404 ? "gone" : status === 429 ? "slow-down" : "failed";
    toast(text(`request-${key}`), "bad");
  });

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = (event as CustomEvent<ResponseDetail>).detail;
    const form = event.target instanceof Element ? event.target.closest<HTMLFormElement>("form[data-dirty]") : null;
    if (form && xhr.status < 400) renewed.delete(form);
  });

  for (const type of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(type, (event) => {
      const target = event.target instanceof Element ? event.target : null;
      if (!target?.closest("[data-quiet]")) toast(text("request-offline"), "bad");
    });
  }
}

export { htmx };
