/* Builds the console's front end: console/*.ts and console/styles/console.css into static/console/.
 *
 * Every file directly in console/ is an entry. Names carry twelve hex digits of their content, the form WhiteNoise serves as
 * immutable; manifest.json maps "shell.js" to "shell.<hash>.js" for the template tag {% console_asset %}. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { PurgeCSS } from "purgecss";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
const outDir = resolve(root, "static/console");
const purgedTabler = resolve(root, "node_modules/.cache/console/tabler.css");

/* Folders of the project that hold pages and code; a virtual environment or a build is never read. */
const skipped = new Set(["node_modules", "static", "staticfiles", "htmlcov", "test-results", "widget", "gateway", "docs", "bench"]);

function files(folder: string, wanted: RegExp): string[] {
  return readdirSync(resolve(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || skipped.has(entry.name)) return [];
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return files(path, wanted);
    return wanted.test(path) ? [path] : [];
  });
}

/* What may name a class or an icon. */
const sources = () =>
  files("", /(?:^|\/)templates\/.+\.html$|^console\/.+\.tsx?$|(?:area|forms|views)\.py$|^kit\/templatetags\/.+\.py$/).map((path) =>
    readFileSync(resolve(root, path), "utf8"),
  );

/* Words that Tabler uses for parts of its own and the console for others: its rules for them stay out. */
const ours = [
  ...["app", "avatar", "breadcrumb", "breadcrumb-item", "card", "chip", "choice", "dialog", "dot", "empty", "field", "form-check-input", "icon", "list"],
  ...["menu", "nav-item", "note", "page", "pages", "path", "rows", "search", "section", "segmented", "state", "status", "steps", "tab"],
  ...["tabs", "tag", "tile", "tiles", "toast", "toasts"],
];

/* Tabler is 600 kB of rules, of which these pages use a few per cent. Our own styles are left as written. */
function purgeTabler(): Plugin {
  return {
    name: "purge-tabler",
    async config() {
      const [purged] = await new PurgeCSS().purge({
        content: sources().map((raw) => ({ raw, extension: "html" })),
        css: [{ raw: readFileSync(resolve(root, "node_modules/@tabler/core/dist/css/tabler.css"), "utf8") }],
        keyframes: true,
        variables: true,
        safelist: { standard: ["is-invalid", "show", "active", "disabled"] },
        blocklist: ours,
      });
      mkdirSync(resolve(purgedTabler, ".."), { recursive: true });
      writeFileSync(purgedTabler, purged!.css.replace(/@charset[^;]*;|\/\*# sourceMappingURL.*?\*\//g, ""));
      return { resolve: { alias: { "tabler-purged.css": purgedTabler } } };
    },
  };
}

function iconSprite(): Plugin {
  return {
    name: "icon-sprite",
    generateBundle() {
      const names = new Set<string>();
      for (const text of sources()) {
        for (const match of text.matchAll(/(?:\{% icon |\bicon\(|\bicon(?:_name)?=|"icon": )["']([a-z0-9-]+)["']/g)) names.add(match[1]!);
      }
      const symbols = [...names].sort().map((name) => {
        const [style, plain] = name.endsWith("-filled") ? ["filled", name.slice(0, -7)] : ["outline", name];
        const svg = readFileSync(resolve(root, `node_modules/@tabler/icons/icons/${style}/${plain}.svg`), "utf8");
        const shapes = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)![1]!.replace(/<path stroke="none"[^>]*\/>/, "").replace(/\s*\n\s*/g, "");
        return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
      });
      this.emitFile({
        type: "asset",
        name: "icons.svg",
        source: `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
      });
    },
  };
}

/* The mark, as favicon and in the bar. */
function mark(): Plugin {
  return {
    name: "mark",
    generateBundle() {
      this.emitFile({ type: "asset", name: "mark.svg", source: readFileSync(resolve(root, "console/mark.svg"), "utf8") });
    },
  };
}

function manifest(): Plugin {
  return {
    name: "console-manifest",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const built: Record<string, string> = {};
        for (const item of Object.values(bundle)) {
          if (item.type === "chunk" ? item.isEntry : item.names.length) {
            built[item.fileName.replace(/\.[0-9a-f]{12}\./, ".")] = item.fileName;
          }
        }
        this.emitFile({ type: "asset", fileName: "manifest.json", source: JSON.stringify(built, Object.keys(built).sort(), 2) + "\n" });
      },
    },
  };
}

/* The folder is emptied only once there is something to put in its place: a running console goes on working. */
function emptyBeforeWriting(): Plugin {
  return {
    name: "empty-before-writing",
    generateBundle: {
      order: "post",
      handler() {
        rmSync(outDir, { recursive: true, force: true });
      },
    },
  };
}

const entries = Object.fromEntries(
  readdirSync(resolve(root, "console"))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [basename(name, ".ts"), resolve(root, "console", name)]),
);

export default defineConfig({
  root,
  publicDir: false,
  plugins: [purgeTabler(), iconSprite(), mark(), manifest(), emptyBeforeWriting()],
  build: {
    outDir,
    emptyOutDir: false,
    target: "es2022",
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    modulePreload: false,
    chunkSizeWarningLimit: 600,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      // htmx can evaluate attributes; the console switches that off (allowEval) and its CSP refuses it.
      checks: { eval: false },
      input: { ...entries, console: resolve(root, "console/styles/console.css") },
      output: {
        hashCharacters: "hex",
        entryFileNames: "[name].[hash:12].js",
        chunkFileNames: "chunks/[name].[hash:12].js",
        assetFileNames: "[name].[hash:12][extname]",
      },
    },
  },
});
