/* Signing in (wire contract 3.5), fetched only where a channel asks for it: the browser's cookie or what stands in for it, and the
 * page's one-time code. */
import type { ServerError } from "./connection";
import type { Json } from "./json";
import type { Store } from "./store";

// Types alone come from the host: a chunk that imported it back would change its name with it.
const str = (value: unknown): string => (typeof value === "string" ? value : "");
const part = (value: unknown, name: string): string => (typeof value === "object" && value ? str((value as Json)[name]) : "");
const codeOf = (error: unknown): string => part(error, "code");

export interface SignIn {
  mode: "cookie" | "oauth";
  lasting: Store;
  tab: Store;
  code?: string;
  verifier?: string;
  /** POST to the token endpoint, with the browser's cookies; rejects with ServerError for a refusal. */
  refusal: new (code: string) => ServerError;
  ask: (query: Record<string, string>, body: Json, bearer?: string) => Promise<Json>;
}

/** The token answer. */
export function signIn(options: SignIn): Promise<Json> {
  return options.mode === "cookie" ? byCookie(options) : byCode(options);
}

const FALLBACK = { storageFallback: "1" };

/** Where the browser lets no cookie of ours through, the page's own storage keeps the secret. A first visit finds out which. */
async function byCookie({ lasting, ask }: SignIn): Promise<Json> {
  const remembered = lasting.get("identityToken");
  if (!remembered && lasting.get("cookies")) return ask({}, {});
  if (!remembered) {
    await ask({ cookieProbe: "set" }, {});
    try {
      const answer = await ask({ cookieProbe: "check" }, {});
      lasting.set("cookies", "1");
      return answer;
    } catch (error) {
      if (codeOf(error) !== "CookiesBlocked") throw error;
    }
  }
  const answer = await ask(FALLBACK, {}, remembered);
  lasting.set("identityToken", str(answer.identityToken) || undefined);
  return answer;
}

/** A code works once: what it was exchanged for is kept for this tab, and used while the page brings no other code. */
async function byCode({ lasting, tab, code = "", verifier, ask, refusal }: SignIn): Promise<Json> {
  const mark = code.slice(-24);
  const [usedFor = "", refresh = ""] = (tab.get("signIn") ?? "").split(" ");
  const remember = (answer: Json): Json => {
    const token = part(answer.thirdParty, "refresh_token");
    tab.set("signIn", token ? `${encodeURIComponent(mark)} ${token}` : undefined);
    lasting.set("anonymousToken", undefined);
    return answer;
  };
  const same = usedFor === encodeURIComponent(mark);
  if (refresh && (same || !code)) {
    try {
      return remember(await ask({}, { thirdParty: { grant_type: "refresh_token", refresh_token: refresh } }));
    } catch (error) {
      // Away, not refused: the same token is good for the next attempt.
      if (!/Authori[sz]ationFailed$/.test(codeOf(error))) throw error;
      tab.set("signIn", undefined);
      if (same) throw error;
    }
  }
  if (!code) {
    console.error("[chat] This channel asks customers to sign in: call cxone('chat', 'setAuthorizationCode', code) before init, with a new code for each page.");
    throw new refusal("CustomerAuthorizationFailed");
  }
  const former = lasting.get("anonymousToken");
  return remember(
    await ask(
      {},
      {
        thirdParty: { grant_type: "authorization_code", authorization_code: code, ...(verifier ? { code_verifier: verifier } : {}) },
        ...(former ? { anonymousToken: former } : {}),
      },
    ),
  );
}
