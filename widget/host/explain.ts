/* Why an environment gives a page no chat, in a webmaster's words; fetched when it happens. Types alone come from the host. */
import type { ServerError } from "./connection";

export function explain({ code, message }: ServerError, channel: string): void {
  console.error(
    "[chat] " +
      (code === "OriginNotAllowed"
        ? `This page's address, ${location.origin}, is not among the allowed domains of ${channel}. Add it under “Customize CSS and JS > Allowed domains” of the channel.`
        : code === "ip_blocked"
          ? `Visitors from this network address are blocked on ${channel}.`
          : /NotFound/.test(code)
            ? `There is no channel ${channel} for this brand in this environment. Compare the ids with the channel's page “Initialization and test”.`
            : `The environment refused ${channel} (${code}).`),
    message,
  );
}

export function noId(): void {
  console.error("[chat] init needs the brand's number and the channel's id, as the channel's page “Initialization and test” shows them.");
}
