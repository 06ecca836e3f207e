/* What the window asks for once in a while: an offline message, a transcript, the persistent menu. A chunk of its own. */
import type { Ask, Told } from "../shared/types";
import type { Session } from "./session";

// Of its own: what it shared with the host would be a file more to fetch.
const obj = (value: unknown) => (typeof value === "object" && value ? (value as Record<string, unknown>) : {});
const str = (value: unknown) => (typeof value === "string" ? value : "");
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** `channel`: the base of the channel's own addresses. */
export async function ask(channel: string, { act, values }: Ask, session: Session, locale: string): Promise<Told> {
  const given = Object(values) as Record<string, unknown>;
  try {
    if (act === "menu") {
      const answer = await fetch(`${channel}/persistent-menu-items?locale=${encodeURIComponent(locale.replaceAll("-", "_"))}`, { credentials: "omit" });
      const items = list(await answer.json()).flatMap((one) => {
        const item = obj(one);
        return str(item.label) ? [{ id: str(item.id), label: str(item.label), postback: str(item.postback) }] : [];
      });
      return { act, ok: answer.ok, items };
    }
    const email = str(given.email);
    if (act === "transcript") {
      await session.request("SendTranscript", { consumerContact: { id: session.contact }, consumerRecipients: [{ idOnExternalPlatform: email }] });
    } else {
      const [firstName = "", ...rest] = str(given.name).trim().split(/\s+/);
      await session.request("SendOfflineMessage", {
        messageContent: { type: "TEXT", payload: { text: str(given.text) } },
        authorCustomerIdentity: { idOnExternalPlatform: email, firstName, lastName: rest.join(" ") },
      });
    }
    return { act, ok: true };
  } catch (error) {
    console.error("[chat] The environment did not take what was asked of it.", error);
    return { act, ok: false };
  }
}
