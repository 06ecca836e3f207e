/* The channel's seven colours as custom properties, with inks that can be read on them (WCAG 2.2, AA: 4.5). */

type Rgb = [number, number, number];

export function parse(color: unknown): Rgb | undefined {
  const hex = typeof color === "string" ? /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color.trim())?.[1] : undefined;
  if (!hex) return;
  const long = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  return [0, 2, 4].map((at) => parseInt(long.slice(at, at + 2), 16)) as Rgb;
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const INK: Rgb = [17, 19, 24];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
const css = (rgb: Rgb) => `rgb(${rgb.join(" ")})`;

/** The wanted ink where it can be read on the ground, else near-black or white; black where neither will do. */
export function readable(ground: Rgb, wanted?: Rgb): Rgb {
  if (wanted && contrast(ground, wanted) >= 4.5) return wanted;
  const best = contrast(ground, INK) >= contrast(ground, WHITE) ? INK : WHITE;
  return contrast(ground, best) >= 4.5 ? best : BLACK;
}

/** The colour, darkened until it can be read on white. */
export function onWhite(rgb: Rgb): Rgb {
  let ink = rgb;
  while (contrast(ink, WHITE) < 4.6) ink = ink.map((part) => Math.floor(part * 0.94)) as Rgb;
  return ink;
}

const ACCENT: Rgb = [250, 172, 75];

export function palette(colors: Record<string, string> = {}): string {
  const ground = (name: string) => parse(colors[name]) ?? ACCENT;
  const pair = (name: string, color: Rgb, ink?: Rgb) => `--cw-${name}:${css(color)};--cw-on-${name}:${css(readable(color, ink))};`;
  const theme = ground("theme");
  return (
    ":root{" +
    pair("header", ground("headerBackground"), parse(colors.headerFont)) +
    pair("launcher", ground("widgetBackground"), parse(colors.widgetFont)) +
    pair("theme", theme, parse(colors.text)) +
    pair("button", ground("button")) +
    `--cw-accent:${css(onWhite(theme))}}`
  );
}
