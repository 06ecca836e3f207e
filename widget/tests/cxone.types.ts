/* Uses cxone.d.ts as a webmaster would; `npm run typecheck` is the test: what must not compile says so. */
export function uses(): void {
  const channel = "chat_1";
  cxone("init", "1009");
  cxone("chat", "setAuthorizationCode", "code", "verifier");
  cxone("chat", "init", 1009, channel);
  cxone(`chat:${channel}`, "setLocale", "fr-CA");
  cxone("chat", "setContactCustomField", "vip", true);
  cxone("chat", "setCustomCss", "a{}", "promo");
  cxone("chat", "setCustomCss", null);
  cxone("chat", "setWindowWidth", 400);
  cxone("chat", "sendFirstMessageAutomatically", false);
  cxone("chat", "setAllowedExternalMessageTypes", ["MESSAGE_SENT"]);
  const id: string | undefined = cxone("chat", "getCustomerIdentityId", (known) => known.trim());
  cxone("chat", "onPushUpdate", ["MessageCreated", "CaseStatusChanged"], (event) => {
    if (event.eventType === "MessageCreated") event.data.message.direction satisfies "inbound" | "outbound";
    else event.data.case.status satisfies string;
  });
  cxone("chat", "onPushUpdate", ["SomethingNew"], (event) => event.data.anything satisfies unknown);
  cxone("chat", "onAnyPushUpdate", (event) => event.eventType.trim());
  cxone("guide", "init", { locale: "es-ES" });
  brandembassy("init", 1009, channel);
  brandembassy("setCustomField", "ident", id ?? "");
  brandembassy("onPushUpdate", "MessageCreated", (event) => event.data.thread.id.trim());

  // @ts-expect-error no such command
  cxone("chat", "dance");
  // @ts-expect-error no such area
  cxone("chats", "hidePreSurvey");
  // @ts-expect-error a text is missing
  cxone("chat", "setLocale");
  // @ts-expect-error phrases are texts
  cxone("chat", "setTranslations", { replyBoxPlaceholder: 1 });
  // @ts-expect-error not a type of message
  cxone("chat", "setAllowedExternalMessageTypes", ["MESSAGE"]);
  // @ts-expect-error the older snippet has no areas
  brandembassy("chat", "hidePreSurvey");
}
