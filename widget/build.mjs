/* Builds the widget into static/widget/: loader (with the host as its chunk), frame (with the cards), preview.
 *
 * Three bundles and not one, so that nothing is shared between files that different pages load: a shared chunk would be
 * one request more before the chat shows. The folder is changed only when all three have been built. */
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { build } from "vite";

const root = resolve(import.meta.dirname, "..");
const outDir = resolve(root, "static/widget");

/** Chunk name → what the file is called in the manifest. */
const names = { main: "host", cards: "cards", frame: "frame", loader: "loader", preview: "preview" };

const finished = {
  name: "finished",
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type !== "chunk") continue;
      // Hints for a bundler that would take this as a library; nobody does.
      file.code = file.code.replaceAll("/* @__PURE__ */ ", "").replaceAll("/* @__PURE__ */", "");
      // The older snippet fetches the loader as a classic script, twice even: it must not leave names behind.
      if (file.name === "loader") file.code = `(()=>{${file.code.trim()}})();\n`;
    }
  },
};

async function bundle(name, entry, fixedName) {
  const result = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    base: "./",
    plugins: [finished],
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
          entryFileNames: fixedName ?? "[name]-[hash:12].js",
          chunkFileNames: ({ name: chunk }) => `${names[chunk] ?? chunk}-[hash:12].js`,
          hashCharacters: "hex",
        },
      },
    },
  });
  return result[0].output;
}

const output = [
  ...(await bundle("loader", "loader.ts", "loader.js")),
  ...(await bundle("frame", "frame/main.tsx")),
  ...(await bundle("preview", "preview/preview.ts", "preview.js")),
];

const manifest = {};
for (const file of output) manifest[names[file.name] ?? file.name] = file.fileName;
manifest.document = "frame.html";

const html = await readFile(resolve(import.meta.dirname, "frame/frame.html"), "utf8");
const files = new Map(output.map((file) => [file.fileName, file.code ?? file.source]));
files.set("frame.html", html.replace("{{frame}}", manifest.frame));
files.set("manifest.json", JSON.stringify(manifest, Object.keys(manifest).sort(), 2) + "\n");

await mkdir(outDir, { recursive: true });
for (const [name, content] of files) {
  // Written whole or not at all: a server may be reading.
  await writeFile(resolve(outDir, name + ".new"), content);
  await rename(resolve(outDir, name + ".new"), resolve(outDir, name));
}
for (const name of await readdir(outDir)) if (!files.has(name)) await rm(resolve(outDir, name), { recursive: true });
