/* Bundles the widget's unit tests and runs them with Node's own test runner (Node 20 reads no TypeScript). */
import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { build } from "vite";

const here = import.meta.dirname;
const outDir = resolve(here, "../../node_modules/.cache/widget-tests");
const entries = (await readdir(here)).filter((name) => name.endsWith(".test.ts"));

await rm(outDir, { recursive: true, force: true });
await build({
  configFile: false,
  publicDir: false,
  logLevel: "warn",
  build: {
    ssr: true,
    outDir,
    target: "node20",
    minify: false,
    rolldownOptions: { input: Object.fromEntries(entries.map((name) => [name.replace(".ts", ""), resolve(here, name)])) },
  },
});
const tests = entries.map((name) => resolve(outDir, name.replace(".ts", ".js")));
const { status } = spawnSync(process.execPath, ["--test", ...process.argv.slice(2), ...tests], { stdio: "inherit" });
process.exit(status ?? 1);
