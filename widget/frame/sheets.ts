/* The channel's CSS in its cascade layer: over ours, under the Guide's. */

const IMPORT = /@import\s+((?:url\(\s*(?:"[^"]*"|'[^']*'|[^)"']*)\s*\)|"[^"]*"|'[^']*'))([^;]*);/gi;

export function channelSheet(css: string): string {
  // An import may only stand at the top, outside a block: it joins the layer by its own words.
  let imports = "";
  const rest = css.replace(IMPORT, (_all, address: string, conditions: string) => {
    imports += `@import ${address} layer(channel)${conditions};`;
    return "";
  });
  const whole = `@layer channel{${rest}\n}`;
  // A brace too many would end the layer early, and the rest would win over everything: then rule by rule as understood.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(whole);
  if (sheet.cssRules.length === 1) return imports + whole;
  sheet.replaceSync(rest);
  return `${imports}@layer channel{${Array.from(sheet.cssRules, (rule) => rule.cssText).join("\n")}}`;
}
