// The search box that opens over any page: Ctrl K or /, arrows and Enter, Ctrl Enter for a new tab.

const palette = document.getElementById("palette");
const RECENT = "recent";
const KEPT = 8;

if (palette) {
  const input = palette.querySelector("input");
  const links = () => Array.from(palette.querySelectorAll(".hits a"));
  let chosen = 0;

  const mark = (place) => {
    const all = links();
    chosen = Math.max(0, Math.min(all.length - 1, place));
    all.forEach((link, number) => {
      link.classList.toggle("here", number === chosen);
      if (number === chosen) link.scrollIntoView({ block: "nearest" });
    });
  };

  // Pages of records seen in this tab; gone with the tab, so a shared computer keeps no names.
  const recent = () => JSON.parse(sessionStorage.getItem(RECENT) ?? "[]");
  const here = { url: location.pathname, title: document.querySelector("h1")?.textContent.trim().replace(/\s+/g, " ") };
  if (/\/\d+$/.test(here.url) && here.title) {
    const others = recent().filter((page) => page.url !== here.url);
    sessionStorage.setItem(RECENT, JSON.stringify([here, ...others].slice(0, KEPT)));
  }

  const showRecent = () => {
    const list = palette.querySelector(".hits");
    for (const page of recent()
      .filter((seen) => seen.url !== here.url)
      .reverse()) {
      const item = document.createElement("li");
      const link = item.appendChild(document.createElement("a"));
      link.href = page.url;
      link.appendChild(document.createElement("span")).textContent = page.title;
      link.appendChild(document.createElement("small")).textContent = palette.dataset.recent;
      list.prepend(item);
    }
  };

  const open = () => {
    if (palette.open) return;
    input.value = "";
    palette.showModal();
    input.dispatchEvent(new Event("look"));
  };

  palette.addEventListener("htmx:after:swap", () => {
    if (!input.value.trim()) showRecent();
    mark(0);
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      mark(chosen + step);
    }
    const link = links()[chosen];
    if (event.key === "Enter" && link) {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
      else location.assign(link.href);
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select, [contenteditable]");
    const asked = (event.ctrlKey || event.metaKey) && event.key === "k";
    if (!asked && (typing || event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey)) return;
    event.preventDefault();
    open();
  });
  document.querySelector("[data-find]")?.addEventListener("mousedown", (event) => {
    event.preventDefault();
    open();
  });
}
