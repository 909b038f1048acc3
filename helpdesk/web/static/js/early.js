// Runs before the first paint: a reader without a choice of their own gets the system's theme.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  root.dataset.themeChoice = root.dataset.theme || "system";
  const follow = () => {
    if (root.dataset.themeChoice === "system") root.dataset.theme = dark.matches ? "dark" : "light";
  };
  follow();
  dark.addEventListener("change", follow);
})();
