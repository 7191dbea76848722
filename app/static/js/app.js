// Behaviour of the pages, found by data- attributes. Every page works without it for reading and plain forms.

const on = (event, selector, act) =>
  document.addEventListener(event, (e) => {
    const element = e.target.closest ? e.target.closest(selector) : null;
    if (element) act(element, e);
  });

// Confirm: the sentence stands on the button; the form goes when the person says yes.
on("click", "[data-confirm]", (button, event) => {
  if (button.dataset.sure) return;
  event.preventDefault();
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-text").textContent = button.dataset.confirm;
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    button.dataset.sure = "1";
    button.form.requestSubmit(button);
  };
  dialog.returnValue = "no";
  dialog.showModal();
});

// One submit per form: a second click does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  window.setTimeout(() => {
    delete form.dataset.sent;
  }, 4000);
});

on("click", "[data-dismiss]", (button) => button.parentElement.remove());
on("click", "[data-copy]", async (button) => {
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("copied");
  window.setTimeout(() => button.classList.remove("copied"), 1200);
});
on("click", "[data-toggle]", (button) => document.getElementById(button.dataset.toggle).classList.toggle("open"));
// Typing into a field that belongs to a choice makes the choice.
on("input", "[data-checks]", (field) => {
  field.form.querySelector(`input[type=radio][value=${field.dataset.checks}]`).checked = true;
});
on("change", "[data-submit]", (field) => field.form.requestSubmit());

// Drop a file anywhere on the page. The form is looked for when it is needed: it may come with a part of the page.
const zone = () => document.querySelector("[data-dropzone]");
const sendFile = (input) => {
  if (!input.files.length) return;
  input.form.querySelector("[data-filename]").textContent = input.files[0].name;
  input.form.requestSubmit();
};
on("change", "[data-dropzone] input[type=file]", sendFile);
document.querySelectorAll("[data-dropzone] input[type=file]").forEach(sendFile); // Chosen before this script came.
let depth = 0;
const files = (event) => zone() && event.dataTransfer && Array.from(event.dataTransfer.types).includes("Files");
document.addEventListener("dragenter", (event) => {
  if (files(event)) {
    depth += 1;
    zone().classList.add("over");
  }
});
document.addEventListener("dragleave", () => {
  depth = Math.max(0, depth - 1);
  if (!depth) zone()?.classList.remove("over");
});
document.addEventListener("dragover", (event) => {
  if (files(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!files(event)) return;
  event.preventDefault();
  depth = 0;
  zone().classList.remove("over");
  const input = zone().querySelector("input[type=file]");
  input.files = event.dataTransfer.files;
  sendFile(input);
});

// Keyboard: j and k move along the rows, Enter opens one, Shift j and Shift k
// turn to the record beside it, ? lists the keys. The search box is in palette.js.
const typing = (element) => element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
let row = -1;
const move = (step) => {
  const rows = Array.from(document.querySelectorAll("table.rows tbody tr:has(a)"));
  if (!rows.length) return;
  rows[row]?.classList.remove("here");
  row = Math.max(0, Math.min(rows.length - 1, row + step));
  rows[row].classList.add("here");
  rows[row].scrollIntoView({ block: "nearest" });
};
document.addEventListener("rows:at", (event) => {
  row = -1;
  move(event.detail + 1);
});
document.addEventListener("keydown", (event) => {
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
    return;
  if (event.key === "?") document.getElementById("keys")?.showModal();
  if (event.key === "j") move(1);
  if (event.key === "k") move(-1);
  if (event.key === "J") document.querySelector("[data-behind]")?.click();
  if (event.key === "K") document.querySelector("[data-before]")?.click();
  if (event.key === "Enter" && row >= 0) {
    document.querySelectorAll("table.rows tbody tr:has(a)")[row]?.querySelector("a")?.click();
  }
});

// A hidden page asks for nothing.
document.addEventListener("htmx:before:request", (event) => {
  const trigger = event.detail?.ctx?.sourceElement?.getAttribute?.("hx-trigger") ?? "";
  if (document.hidden && trigger.includes("every")) event.preventDefault();
});
