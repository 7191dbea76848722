// Lists: menus that close, columns in their order, rows picked with x and Shift x, and what Back brings back.

const table = document.querySelector("[data-list]");

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-columns] :is([data-up], [data-down])");
  if (!button) return;
  const item = button.closest("li");
  const other = "up" in button.dataset ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if ("up" in button.dataset) other.before(item);
  else other.after(item);
  button.focus();
});

if (table) {
  const boxes = () => Array.from(table.querySelectorAll("[data-pick]"));
  const whole = table.querySelector("[data-pick-page]");
  const all = document.querySelector("[data-pick-all]");
  const said = document.querySelector("[data-picked]");
  let last = null; // The box picked last: Shift picks from there to here.

  const show = () => {
    const picked = boxes().filter((box) => box.checked);
    for (const box of boxes()) box.closest("tr").classList.toggle("picked", box.checked);
    if (whole) {
      whole.checked = picked.length > 0 && picked.length === boxes().length;
      whole.indeterminate = picked.length > 0 && !whole.checked;
    }
    if (all && !whole?.checked) all.checked = false;
    if (said) said.textContent = all?.checked ? said.dataset.all : said.dataset.some.replace("0", picked.length);
  };
  const pick = (box, value, upTo) => {
    const every = boxes();
    const [from, to] = [every.indexOf(upTo && last ? last : box), every.indexOf(box)].sort((a, b) => a - b);
    for (const one of every.slice(from, to + 1)) one.checked = value;
    last = box;
    show();
  };

  table.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (box) pick(box, box.checked, event.shiftKey);
  });
  whole?.addEventListener("change", () => {
    for (const box of boxes()) box.checked = whole.checked;
    show();
  });
  all?.addEventListener("change", () => {
    if (all.checked) for (const box of boxes()) box.checked = true;
    show();
  });
  document.querySelector("[data-pick-none]")?.addEventListener("click", () => {
    for (const box of boxes()) box.checked = false;
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input:not([type=checkbox]), textarea, select") || document.querySelector("dialog[open]"))
      return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.toLowerCase() !== "x") return;
    const box = table.querySelector("tr.here [data-pick]");
    if (box) pick(box, event.shiftKey || !box.checked, event.shiftKey);
  });

  // Kept in this tab until it closes: which rows were picked, which one was current, how far it was scrolled.
  const key = `list ${location.pathname}${location.search}`;
  window.addEventListener("pagehide", () => {
    const rows = Array.from(table.querySelectorAll("tbody tr"));
    const kept = {
      picked: boxes()
        .filter((box) => box.checked)
        .map((box) => box.value),
      all: Boolean(all?.checked),
      here: rows.findIndex((row) => row.matches(".here")),
      top: window.scrollY,
    };
    sessionStorage.setItem(key, JSON.stringify(kept));
  });
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  if (kept && performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
    for (const box of boxes()) box.checked = kept.picked.includes(box.value);
    if (all) all.checked = kept.all;
    if (kept.here >= 0) document.dispatchEvent(new CustomEvent("rows:at", { detail: kept.here }));
    window.scrollTo(0, kept.top);
  }
  show();
}
