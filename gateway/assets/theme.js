/* The page's theme: what the person chose on it, else the system's. */
const KEY = "chatadmin-test-theme";
const root = document.documentElement;

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const chosen = stored();
if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

export function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export function setDark(dark) {
  root.dataset.theme = dark ? "dark" : "light";
  try {
    localStorage.setItem(KEY, root.dataset.theme);
  } catch {
    /* A browser that keeps nothing still shows it. */
  }
}

export const KEEP = KEY;
