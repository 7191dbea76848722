// Before the first paint: "as the system" becomes light or dark.
(() => {
  const root = document.documentElement;
  if (root.dataset.themeChoice !== "system") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    root.dataset.bsTheme = dark.matches ? "dark" : "light";
  };
  apply();
  dark.addEventListener("change", apply);
})();
