// 核对: keyboard first. Original and reading are linked both ways; deciding a clause moves on to the next open one at once,
// while the answer is still on its way; filters; tabs on a phone.
const check = document.querySelector(".check");
const byId = (id) => document.getElementById(id);
const cardOf = (clause) => byId(`c${clause}`);
const cards = () => [...document.querySelectorAll(".clause")].filter((card) => !card.hidden);
const isOpen = (card) => card.dataset.decision === "proposed" && !card.classList.contains("busy");
const isWide = () => window.matchMedia("(min-width: 900px)").matches;
let current = null; // number of the clause that the keys act on
let last = null; // the clause decided last, for undo
let wantedLine = null; // the line chosen for adding a clause

function tab(name) {
  check.dataset.show = name;
  document.querySelectorAll("[data-tab]").forEach((each) => each.setAttribute("aria-selected", each.dataset.tab === name));
}

function show(card, { scroll = true, focus = true } = {}) {
  if (!card) return;
  if (card.hidden) filter("all");
  document.querySelectorAll(".on").forEach((each) => each.classList.remove("on"));
  current = card.dataset.clause;
  card.classList.add("on");
  if (focus) card.focus({ preventScroll: true });
  const line = byId(`L${card.dataset.line}`);
  line?.classList.add("on");
  const mark = document.querySelector(`mark[data-clause="${current}"]`);
  document.querySelectorAll(`mark[data-clause="${current}"]`).forEach((each) => each.classList.add("on"));
  if (!scroll) return;
  if (!isWide()) return card.scrollIntoView({ block: "start" });
  centre(card, ".reading");
  centre(mark || line, ".original");
}

// Scrolls one of the two columns, never the page: where the other column and the bar stand must not jump.
function centre(part, column) {
  const pane = document.querySelector(column);
  if (!part || !pane) return;
  if (!isWide()) return part.scrollIntoView({ block: "center" });
  const [inside, around] = [part.getBoundingClientRect(), pane.getBoundingClientRect()];
  pane.scrollTop += inside.top - around.top - Math.max(8, (around.height - inside.height) / 3);
}
// Once somebody works with the keys, the heading goes out of the way and both columns fill the window.
function dock() {
  if (isWide()) window.scrollBy(0, Math.max(0, check.getBoundingClientRect().top - 144));
}

// The line or number in the original; on a phone this turns to the other tab.
function showOriginal(number) {
  tab("original");
  const line = byId(`L${number}`);
  document.querySelectorAll(".line.on").forEach((each) => each.classList.remove("on"));
  line?.classList.add("on");
  centre(line, ".original");
}

function move(step, only = () => true) {
  const all = cards();
  const at = all.indexOf(cardOf(current));
  for (let next = at + step; next >= 0 && next < all.length; next += step) if (only(all[next])) return show(all[next]);
  // The next open one may stand above.
  if (only !== isOpen) return;
  const first = all.find(isOpen);
  if (first) show(first);
}

function filter(want) {
  document.querySelectorAll("[data-filter]").forEach((each) => each.setAttribute("aria-pressed", each.dataset.filter === want));
  document.querySelectorAll(".clause").forEach((card) => {
    const fits = { all: true, changed: card.dataset.changed !== undefined }[want];
    card.hidden = !(fits ?? (card.dataset.kind === want || card.dataset.decision === want));
  });
  byId("none").hidden = cards().length > 0;
}

const press = (name, card = cardOf(current)) => card?.querySelector(`[data-do="${name}"]`)?.click();
function closeEditor(card) {
  const editor = card?.querySelector(".editor");
  if (!editor?.firstElementChild) return;
  editor.replaceChildren();
  card.focus({ preventScroll: true });
}
// What `u` and the button take back.
function remember(clause) {
  last = clause;
  const button = document.querySelector("[data-undo]");
  if (button) button.hidden = last === null;
}
function undo() {
  const card = cardOf(current);
  const decided = card && !isOpen(card) ? card : cardOf(last);
  if (!decided) return;
  show(decided);
  press("reopen", decided);
}
function add(number) {
  const form = byId("add");
  if (!form) return;
  const line = number || wantedLine || cardOf(current)?.dataset.line;
  form.open = true;
  tab("reading");
  const field = form.querySelector("[name=line]");
  if (line) field.value = line;
  quoteLine(field);
  if (isWide()) centre(form, ".reading");
  else form.scrollIntoView({ block: "start" });
  form.querySelector("[name=new_kind]:checked").focus({ preventScroll: true });
}
function quoteLine(field) {
  byId("add-line").textContent = byId(`L${field.value}`)?.querySelector("span").textContent || "";
}
function chooseLine(anchor) {
  wantedLine = anchor.dataset.line;
  document.querySelectorAll(".line .plus").forEach((each) => each.remove());
  const words = document.querySelector(".original").dataset.add;
  if (!words) return;
  const plus = document.createElement("button");
  plus.className = "plus";
  plus.textContent = `＋ ${words}`;
  plus.dataset.plus = wantedLine;
  anchor.parentElement.append(plus);
}
const help = () => { const dialog = byId("help"); if (dialog && !dialog.open) dialog.showModal(); };

document.addEventListener("keydown", (event) => {
  if (byId("help")?.open) return;
  if (event.key === "Escape") return closeEditor(cardOf(current));
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
  const confirm = () => press("confirm");
  const act = {
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), n: () => move(1, isOpen),
    c: confirm, Enter: confirm, e: () => press("edit"), x: () => press("reject"), u: undo, a: () => add(), "?": help, "？": help,
  }[event.key];
  if (!act) return;
  event.preventDefault();
  dock();
  act();
});

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-help]")) return help();
  if (at("[data-undo]")) return undo();
  if (at("[data-plus]")) return add(at("[data-plus]").dataset.plus);
  if (at("[data-filter]")) return filter(at("[data-filter]").dataset.filter);
  if (at("[data-tab]")) return tab(at("[data-tab]").dataset.tab);
  if (at("mark")) { tab("reading"); return show(cardOf(at("mark").dataset.clause)); }
  if (at("[data-jump]")) { event.preventDefault(); return show(cardOf(at("[data-jump]").dataset.jump)); }
  if (at(".no")) {
    event.preventDefault();
    const first = at(".no").dataset.clauses?.split(" ")[0];
    if (first && isWide()) show(cardOf(first), { focus: false });
    return chooseLine(at(".no"));
  }
  const line = at('a[href^="#L"]');
  if (line) { event.preventDefault(); const card = at(".clause"); if (card) show(card, { scroll: false }); return showOriginal(line.hash.slice(2)); }
  const card = at(".clause");
  if (!card) return;
  if (at('[data-do="cancel"]')) { event.preventDefault(); return closeEditor(card); }
  if (at('[data-do="confirm"], [data-do="reject"]')) {
    show(card, { scroll: false });
    card.classList.add("busy");
    remember(card.dataset.clause);
    return move(1, isOpen);
  }
  if (at("input, textarea, select, button, a, label")) return show(card, { scroll: false, focus: false });
  show(card, { scroll: false });
  if (isWide()) centre(document.querySelector("mark.on") || byId(`L${card.dataset.line}`), ".original");
});
// Decided clauses are quiet in the original, so that what is left stands out; a card under the pointer shows its place.
function paint() {
  document.querySelectorAll("mark[data-clause]").forEach((mark) => mark.classList.toggle("sure", (cardOf(mark.dataset.clause)?.dataset.decision ?? "proposed") !== "proposed"));
}
document.addEventListener("pointerover", (event) => {
  const card = event.target.closest?.(".clause");
  document.querySelectorAll("mark.hint").forEach((mark) => mark.classList.remove("hint"));
  if (card) document.querySelectorAll(`mark[data-clause="${card.dataset.clause}"]`).forEach((mark) => mark.classList.add("hint"));
});
document.addEventListener("input", (event) => { if (event.target.matches("#add [name=line]")) quoteLine(event.target); });

// (After settling: until then htmx puts the old card's classes on the new one.) An editor that arrived takes the focus; a card that was corrected gives way to the next open one.
let corrected = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const path = event.detail.requestConfig?.path || "";
  const number = path.match(/\/clauses\/(\d+)\//)?.[1];
  if (!number) return;
  if (event.detail.xhr.status >= 400) {
    const card = cardOf(number);
    card?.classList.remove("busy");
    show(card);
    // A card holds two forms: the sentence belongs to the one that was sent.
    const place = event.detail.requestConfig.elt.closest("form")?.querySelector(".form-error");
    if (place) event.detail.target = place;
    return;
  }
  if (path.endsWith("/correct/")) { corrected = number; remember(number); }
  if (path.endsWith("/reopen/")) remember(null);
});
document.addEventListener("htmx:afterSettle", (event) => {
  paint();
  const editor = event.detail.target;
  if (editor?.classList.contains("editor")) {
    show(editor.closest(".clause"), { scroll: false, focus: false });
    const field = editor.querySelector("input:not([type=hidden]), select");
    field?.focus({ preventScroll: true });
    field?.select?.();
    return centre(editor.closest(".clause"), ".reading");
  }
  const again = cardOf(current);
  if (again && !again.classList.contains("on")) show(again, { scroll: false });
  if (corrected && corrected === current) { move(1, isOpen); }
  corrected = null;
});

const wanted = location.hash.match(/^#c(\d+)$/);
if (/^#L\d+$/.test(location.hash)) { show(cards().find(isOpen) || cards()[0], { scroll: false, focus: false }); showOriginal(location.hash.slice(2)); }
else show((wanted && cardOf(wanted[1])) || cards().find(isOpen) || cards()[0], { scroll: Boolean(wanted) || cards().some(isOpen) && isWide(), focus: false });
paint();
