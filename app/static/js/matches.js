// Questions by keyboard: 1-5 choose, n none, c make, s skip, u undo, f find, j and k move. Found by data-questions.

const list = document.querySelector("[data-questions]");

if (list) {
  const cards = () => Array.from(list.querySelectorAll(".question"));
  let place = 0;
  let last = null; // The card answered last, for undo.

  const show = (to) => {
    const all = cards();
    if (!all.length) return;
    place = Math.max(0, Math.min(all.length - 1, to));
    all.forEach((card, number) => card.classList.toggle("here", number === place));
    all[place].scrollIntoView({ block: "nearest" });
    all[place].focus({ preventScroll: true });
  };
  const nextOpen = (from) => {
    const found = cards().findIndex((card, number) => number >= from && !("settled" in card.dataset));
    if (found >= 0) show(found);
  };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (target.matches("input, select, textarea")) {
      if (event.key === "Escape") target.blur();
      if (event.key === "Enter" && target.matches("[type=search]")) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "j" || event.key === "k") {
      show(place + (event.key === "j" ? 1 : -1));
      return;
    }
    const card = event.key === "u" ? document.getElementById(last) ?? cards()[place] : cards()[place];
    const aim = card?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!aim) return;
    event.preventDefault();
    if (aim.matches("button")) aim.click();
    else if (aim.matches("details")) {
      aim.open = true;
      (Array.from(aim.querySelectorAll("input")).find((field) => !field.value) ?? aim.querySelector("input")).focus();
    } else aim.focus();
  });

  list.addEventListener("click", (event) => {
    const card = event.target.closest(".question");
    if (card) place = cards().indexOf(card);
    const button = event.target.closest("button[name=act]");
    if (button && card) last = button.value === "undo" ? null : card.id;
  });

  // An answered card folds to one line; the next open one is current.
  document.addEventListener("htmx:after:swap", () => {
    const here = document.getElementById(last);
    if (here && "settled" in here.dataset) nextOpen(cards().indexOf(here) + 1);
    else if (!cards()[place]?.matches(".here")) show(place);
  });

  nextOpen(0);
}
