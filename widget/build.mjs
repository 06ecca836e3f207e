/* Builds the widget into static/widget/: loader (with the host as its chunk), frame (with the cards), preview.
 *
 * Three bundles and not one, so that nothing is shared between files that different pages load: a shared chunk would be
 * one request more before the chat shows. The folder is changed only when all three have been built. */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { build } from "vite";

const root = resolve(import.meta.dirname, "..");
const outDir = resolve(root, "static/widget");

/** The chunks of one entry, by file name without a hash. */
async function bundle(name, entry) {
  const [{ output }] = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    base: "./",
    resolve: { alias: { "preact/jsx-runtime": resolve(import.meta.dirname, "frame/jsx-runtime.ts") } },
    build: {
      write: false,
      target: "es2022",
      cssTarget: ["chrome123", "firefox128", "safari17.5"],
      minify: true,
      reportCompressedSize: false,
      // A library: without the helpers that preload an application's chunks.
      lib: { entry: { [name]: resolve(import.meta.dirname, entry) }, formats: ["es"] },
      rolldownOptions: {
        output: {
          minify: true,
          entryFileNames: "[name].js",
          chunkFileNames: ({ name: chunk }) => (chunk === "main" ? "host.js" : "[name].js"),
        },
      },
    },
  });
  // Hints for a bundler that would take this as a library; nobody does.
  return new Map(output.map(({ fileName, code }) => [fileName, code.replace(/(\w?)\/\* @__PURE__ \*\/ ?/g, (_, before) => before && before + " ")]));
}

/** The file under a name that changes with its content, so that it can be kept for ever; its importers learn the name. */
function hashed(files, name, ...importers) {
  const code = files.get(name);
  const to = name.replace(".js", `-${createHash("sha256").update(code).digest("hex").slice(0, 12)}.js`);
  files.delete(name);
  files.set(to, code);
  for (const importer of importers) files.set(importer, files.get(importer).replaceAll(`./${name}`, `./${to}`));
  return to;
}

const files = new Map([
  ...(await bundle("loader", "loader.ts")),
  ...(await bundle("frame", "frame/main.tsx")),
  ...(await bundle("preview", "preview/preview.ts")),
  ...(await bundle("guideframe", "guide/main.ts")),
]);

const manifest = {
  cards: hashed(files, "cards.js", "frame.js"),
  survey: hashed(files, "survey.js", "frame.js"),
  files: hashed(files, "files.js", "frame.js"),
  livechat: hashed(files, "livechat.js", "frame.js"),
  beep: hashed(files, "beep.js", "frame.js"),
  document: "frame.html",
  guidedocument: "guide.html",
  guideframe: hashed(files, "guideframe.js"),
  frame: hashed(files, "frame.js"),
  signin: hashed(files, "signin.js", "host.js"),
  explain: hashed(files, "explain.js", "host.js"),
  asking: hashed(files, "asking.js", "host.js"),
  commands: hashed(files, "commands.js", "host.js", "loader.js"),
  guide: hashed(files, "guide.js", "host.js", "loader.js"),
  host: hashed(files, "host.js", "loader.js"),
  loader: "loader.js",
  preview: "preview.js",
};
// The older snippet fetches the loader as a classic script, twice even: it must not leave names behind. And such a script of
// another origin has no address of its own that `import` would start from.
files.set(
  "loader.js",
  `(($at)=>{${files
    .get("loader.js")
    .trim()
    .replace(/import\((`\.\/(?:host|commands|guide)[^`]*`)\)/g, "import($at?new URL($1,$at).href:$1)")}})(document.currentScript?.src);\n`,
);

const html = await readFile(resolve(import.meta.dirname, "frame/frame.html"), "utf8");
files.set("frame.html", html.replace("{{frame}}", manifest.frame));
const guide = await readFile(resolve(import.meta.dirname, "guide/guide.html"), "utf8");
files.set("guide.html", guide.replace("{{guideframe}}", manifest.guideframe));
// Two bundles of ours that shared something would fetch one file more: it has to be said whose chunk that is.
const strangers = [...files.keys()].filter((name) => !Object.values(manifest).includes(name));
if (strangers.length) throw new Error(`Nobody expects these chunks: ${strangers.join(", ")}`);
files.set("cxone.d.ts", await readFile(resolve(import.meta.dirname, "cxone.d.ts"), "utf8"));
files.set("manifest.json", JSON.stringify(manifest, null, 2) + "\n");

await mkdir(outDir, { recursive: true });
for (const [name, content] of files) {
  // Written whole or not at all: a server may be reading.
  await writeFile(resolve(outDir, name + ".new"), content);
  await rename(resolve(outDir, name + ".new"), resolve(outDir, name));
}
for (const name of await readdir(outDir)) if (!files.has(name)) await rm(resolve(outDir, name), { recursive: true });
