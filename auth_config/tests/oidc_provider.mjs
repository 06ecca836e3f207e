/* A certified OpenID Provider for tests. Configuration as JSON on the command line: {redirectUris, secret}; prints its port. */
import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { redirectUris, secret } = JSON.parse(process.argv[2]);
console.warn = console.info = () => {};

const server = createServer((request, response) => handle(request, response));
let handle;
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "chat",
      client_secret: secret,
      redirect_uris: redirectUris,
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], profile: ["given_name", "family_name", "address"] },
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => false },
  issueRefreshToken: () => true,
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, given_name: id[0].toUpperCase() + id.slice(1), family_name: "Roy", address: { locality: "Québec" } }),
  }),
  cookies: { keys: ["of the tests"] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
});
handle = provider.callback();
console.log(issuer);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
