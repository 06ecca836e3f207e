/* An icon of the console's sprite; the build finds the names that are written out. */
export const icon = (name: string, className = "") => (
  <svg class={`icon ${className}`.trim()} aria-hidden="true">
    <use href={`${document.documentElement.dataset["icons"] ?? ""}#${name}`} />
  </svg>
);
