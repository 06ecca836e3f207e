/* Lint rules of everything TypeScript: the widget (widget/) and the console's front end (console/). */
import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["static/", "staticfiles/", "node_modules/", ".venv/", ".local/", "htmlcov/", "**/testdata/", "**/samples/", "tests/data/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  {
    // Code that other people's pages, or other people's words, pass through: no markup from strings, ever.
    files: ["widget/**/*.ts", "widget/**/*.tsx"],
    ignores: ["widget/tests/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "Remote text goes through textContent (Preact text nodes).",
        })),
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Remote text goes through textContent (Preact text nodes).",
        },
      ],
      "no-eval": "error",
      "no-console": ["error", { allow: ["warn", "error"] }],
    },
  },
  { files: ["gateway/assets/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["**/*.mjs", "eslint.config.js"], languageOptions: { globals: globals.node } },
);
