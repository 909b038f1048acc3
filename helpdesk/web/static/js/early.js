// Runs before the first paint: a reader without a choice of their own gets the system's theme.
(() => {
  const root = document.documentElement;
  if (!root.dataset.theme) {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => { root.dataset.theme = dark.matches ? "dark" : "light"; };
    apply();
    dark.addEventListener("change", apply);
  }
})();
