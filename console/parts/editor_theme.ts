/* The editor in the console's colours: it reads the tokens of styles/tokens.css, so it follows the theme by itself. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

const surface = EditorView.theme({
  "&": {
    minHeight: "var(--editor-min, 240px)",
    maxHeight: "var(--editor-max, min(62vh, 620px))",
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    fontSize: "13px",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", minHeight: "inherit", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 12px 0 6px" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--ink) 3%, transparent)" },
  ".cm-gutters": {
    backgroundColor: "var(--sunken)",
    color: "var(--ink-faint)",
    border: "none",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLineGutter": { color: "var(--ink)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 6px 0 10px", minWidth: "30px" },
  ".cm-foldGutter .cm-gutterElement": { padding: "0 4px", cursor: "pointer" },
  ".cm-gutter-lint": { width: "16px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "5px 0 0 5px" },
  ".cm-lint-marker": { width: "9px", height: "9px", borderRadius: "50%", content: "''" },
  ".cm-lint-marker-error": { backgroundColor: "var(--bad-dot)" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--wait-dot)" },
  // Lines drawn by CSS, where CodeMirror would use a data: image that the console's CSP need not allow.
  ".cm-lintRange": { backgroundImage: "none", paddingBottom: "0" },
  ".cm-lintRange-error": { textDecoration: "underline wavy var(--bad-dot) 1px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { textDecoration: "underline wavy var(--wait-dot) 1px", textUnderlineOffset: "3px" },
  ".cm-lintRange-active": { backgroundColor: "var(--bad-soft)" },
  ".cm-lintPoint:after": { borderBottomColor: "var(--bad-dot)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "color-mix(in srgb, var(--accent) 18%, transparent)",
    outline: "none",
  },
  ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--bad-soft)" },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--wait-dot) 32%, transparent)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--wait-dot) 62%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--accent) 12%, transparent)" },
  ".cm-foldPlaceholder": { border: "0", backgroundColor: "var(--pressed)", color: "var(--ink-soft)", padding: "0 6px" },
  ".cm-placeholder": { color: "var(--ink-faint)" },
  ".cm-tooltip": {
    border: "0",
    borderRadius: "7px",
    backgroundColor: "var(--raised)",
    color: "var(--ink)",
    boxShadow: "var(--shadow-menu)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12.5px", padding: "4px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", borderRadius: "4px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected], .cm-tooltip-autocomplete-disabled > ul > li[aria-selected]": {
    background: "var(--accent)",
    color: "var(--on-accent)",
  },
  ".cm-completionDetail": { color: "inherit", opacity: "0.75", fontStyle: "normal" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionIcon": { display: "none" },
  ".cm-diagnostic": { padding: "6px 10px", fontFamily: "var(--sans)", fontSize: "12.5px", borderLeft: "3px solid" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad-dot)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--wait-dot)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)", fontFamily: "var(--sans)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { display: "flex", flexWrap: "wrap", gap: "6px", alignItems: "center", padding: "8px 34px 8px 8px" },
  ".cm-panel.cm-search br": { flexBasis: "100%", content: "''" },
  ".cm-panel.cm-search label": { display: "inline-flex", gap: "4px", alignItems: "center", fontSize: "12.5px", margin: "0" },
  ".cm-panel.cm-search [name=close]": { top: "8px", right: "8px", width: "24px", height: "24px", color: "var(--ink-soft)", cursor: "pointer" },
  ".cm-textfield": {
    margin: "0",
    padding: "3px 8px",
    border: "1px solid var(--line-control)",
    borderRadius: "5px",
    backgroundColor: "var(--surface)",
    color: "var(--ink)",
    fontSize: "13px",
  },
  ".cm-button": {
    margin: "0",
    padding: "3px 9px",
    border: "1px solid var(--line-strong)",
    borderRadius: "5px",
    background: "var(--surface)",
    color: "var(--ink)",
    fontSize: "12.5px",
    cursor: "pointer",
  },
  ".cm-button:hover": { background: "var(--pressed)" },
  ":is(.cm-button, .cm-textfield):focus-visible": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
});

const code = HighlightStyle.define([
  { tag: [t.keyword, t.controlKeyword, t.definitionKeyword, t.moduleKeyword, t.atom, t.bool, t.null], color: "var(--code-keyword)" },
  { tag: [t.propertyName, t.definition(t.propertyName)], color: "var(--code-property)" },
  { tag: [t.string, t.special(t.string), t.attributeValue, t.regexp], color: "var(--code-string)" },
  { tag: [t.number, t.unit, t.color, t.constant(t.name)], color: "var(--code-number)" },
  { tag: [t.tagName, t.className, t.labelName, t.attributeName, t.typeName], color: "var(--code-name)" },
  { tag: [t.function(t.variableName), t.function(t.propertyName)], color: "var(--code-name)" },
  { tag: [t.comment, t.meta], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: t.invalid, color: "var(--bad)" },
]);

export const editorTheme = [surface, syntaxHighlighting(code)];

/* Beside the code: the frame of the editor and its status line. Goes in as a constructed sheet, which no CSP has to allow. */
export const frameStyles = `
:host { display: block; container-type: inline-size; }
@container (max-width: 520px) { .status .grow { visibility: hidden; height: 0; order: 1; flex-basis: 100%; } }
.frame { border: 1px solid var(--line-control); border-radius: var(--radius); background: var(--surface); overflow: hidden;
  transition: border-color var(--quick), box-shadow var(--quick);
  --code-keyword: light-dark(#8a2fb0, #d7a0f5); --code-property: light-dark(#1a5a9c, #8cc0f5);
  --code-string: light-dark(#1d6b3f, #85d6a4); --code-number: light-dark(#9a4a00, #f0b36b);
  --code-name: light-dark(#4339b4, #b3adff); --code-comment: light-dark(#62656f, #9a9da7); }
.frame:focus-within { border-color: var(--accent); box-shadow: 0 0 0 3px color-mix(in srgb, var(--focus) 24%, transparent); }
.frame.has-errors { border-color: var(--bad-dot); }
.status { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; min-height: 30px; padding: 3px 12px; border-top: 1px solid var(--line);
  background: var(--sunken); color: var(--ink-faint); font: 400 12px/1.5 var(--sans); font-variant-numeric: tabular-nums; }
.status .grow { flex: 1; }
.status .over { color: var(--bad); font-weight: 600; }
.status button { padding: 0; border: 0; background: none; color: var(--bad); font: inherit; font-weight: 500; cursor: pointer;
  text-decoration: underline; text-underline-offset: 3px; }
.status button:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.status button[hidden] { display: none; }
.frame.is-read-only .cm-editor { background: var(--sunken); }
@media (forced-colors: active) { .frame:focus-within { outline: 2px solid; } }
`;
