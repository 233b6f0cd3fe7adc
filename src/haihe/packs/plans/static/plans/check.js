// 核对: keyboard, linking of original and reading, filters, tabs on a phone.
const check = document.querySelector(".check");
const cards = () => [...document.querySelectorAll(".clause")].filter((card) => !card.hidden);
let current = null;

function show(card, { scroll = true, focus = true } = {}) {
  if (!card) return;
  document.querySelectorAll(".on").forEach((each) => each.classList.remove("on"));
  current = card.dataset.clause;
  card.classList.add("on");
  if (focus) card.focus({ preventScroll: true });
  const line = document.getElementById(`L${card.dataset.line}`);
  line?.classList.add("on");
  document.querySelectorAll(`mark[data-clause="${current}"]`).forEach((mark) => mark.classList.add("on"));
  if (scroll) {
    card.scrollIntoView({ block: "nearest" });
    line?.scrollIntoView({ block: "center" });
  }
}
const currentCard = () => document.getElementById(`c${current}`);
function move(step, only = () => true) {
  const all = cards();
  const at = all.indexOf(currentCard());
  for (let next = at + step; next >= 0 && next < all.length; next += step) {
    if (only(all[next])) return show(all[next]);
  }
}
const isOpen = (card) => card.dataset.decision === "proposed";
function edit(card, open) {
  const form = card?.querySelector("form.edit");
  if (!form) return;
  form.hidden = !open;
  if (open) form.querySelector("input, textarea")?.focus();
  else card.focus({ preventScroll: true });
}
const press = (name) => currentCard()?.querySelector(`[data-do="${name}"]`)?.click();

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return edit(currentCard(), false);
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = {
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), n: () => move(1, isOpen),
    c: () => press("confirm"), Enter: () => (event.target.closest("button, a, summary") ? null : press("confirm")),
    e: () => edit(currentCard(), true), x: () => press("reject"), u: () => press("reopen"),
    a: () => { const add = document.getElementById("add"); if (add) { add.open = true; add.querySelector("input").focus(); } },
  };
  const act = keys[event.key];
  if (!act || (event.key === "Enter" && event.target.closest("button, a, summary"))) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  const mark = event.target.closest("mark");
  if (mark) { tab("reading"); return show(document.getElementById(`c${mark.dataset.clause}`)); }
  const number = event.target.closest(".no");
  if (number) {
    event.preventDefault();
    const first = number.dataset.clauses.trim().split(" ")[0];
    if (first) { tab("reading"); return show(document.getElementById(`c${first}`)); }
    const add = document.getElementById("add");
    if (add) { add.open = true; tab("reading"); add.querySelector("[name=line]").value = number.dataset.line; add.querySelector("[name=new_kind]").focus(); }
    return;
  }
  const filter = event.target.closest("[data-filter]");
  if (filter) {
    document.querySelectorAll("[data-filter]").forEach((each) => each.setAttribute("aria-pressed", each === filter));
    const want = filter.dataset.filter;
    document.querySelectorAll(".clause").forEach((card) => { card.hidden = !(want === "all" || card.dataset.kind === want || card.dataset.decision === want); });
    return;
  }
  const chosen = event.target.closest("[data-tab]");
  if (chosen) return tab(chosen.dataset.tab);
  const card = event.target.closest(".clause");
  if (!card) return;
  if (event.target.closest('[data-do="edit"]')) { show(card, { scroll: false, focus: false }); return edit(card, true); }
  if (event.target.closest('[data-do="cancel"]')) return edit(card, false);
  if (event.target.closest('a[href^="#L"]')) { tab("original"); }
  show(card, { scroll: false, focus: !event.target.closest("input, textarea, select, button, a") });
  document.getElementById(`L${card.dataset.line}`)?.scrollIntoView({ block: "center" });
});

function tab(name) {
  check.dataset.show = name;
  document.querySelectorAll("[data-tab]").forEach((each) => each.setAttribute("aria-selected", each.dataset.tab === name));
}

// After a card was decided, go on to the next open one.
document.addEventListener("htmx:afterSwap", (event) => {
  const card = event.detail.elt?.closest?.(".clause") || document.getElementById(`c${current}`);
  if (!card) return;
  current = card.dataset.clause;
  if (isOpen(card)) show(card, { scroll: false });
  else { show(card, { scroll: false }); move(1, isOpen); }
});

const wanted = location.hash.match(/^#c(\d+)$/);
show(wanted ? document.getElementById(`c${wanted[1]}`) : cards().find(isOpen) || cards()[0], { scroll: Boolean(wanted), focus: false });
