// Small behaviours shared by all pages. No framework: htmx does the asking, this file the few things it does not.

// Every htmx request carries the CSRF token that the page's body holds.
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.body.dataset.csrf;
});

// Errors of a form (422 and the like) are shown in the form's own .form-error, and what was typed stays; the field they are about is marked.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.status < 400) return;
  const form = elt.closest("form") || elt;
  const place = form.querySelector(".form-error") || document.getElementById("page-error");
  event.detail.shouldSwap = true;
  event.detail.isError = false;
  event.detail.target = place;
  event.detail.swapOverride = "innerHTML";
  if (!xhr.getResponseHeader("X-Haihe-Fragment")) {
    event.detail.serverResponse = `<p class="note red" role="alert">${xhr.status}: ${document.body.dataset.failed}</p>`;
  }
  const field = form.elements?.[xhr.getResponseHeader("X-Haihe-Field")];
  if (field?.setAttribute) {
    field.setAttribute("aria-invalid", "true");
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
    field.focus({ preventScroll: true });
  }
  place.scrollIntoView({ block: "nearest", behavior: "smooth" });
});

// Whatever takes longer than a moment shows a bar: how much of an upload has gone, then that the server works on it. The form's
// own .progress shows the same where it has one. Live updates nobody asked for stay silent.
const busy = {
  bar: document.getElementById("busy"), timer: null, working: 0,
  start() {
    this.working += 1;
    this.timer ??= setTimeout(() => { this.bar.hidden = false; this.say(document.body.dataset.working); }, 400);
  },
  stop() {
    this.working = Math.max(0, this.working - 1);
    if (this.working) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.bar.hidden = true;
    this.part(null);
  },
  say(words) { this.bar.querySelector("[role=status]").textContent = words; },
  part(share, form) {
    [this.bar, form?.querySelector(".progress")].filter(Boolean).forEach((bar) => {
      bar.classList.toggle("part", share !== null && share < 1);
      bar.firstElementChild.style.width = share !== null && share < 1 ? `${Math.round(share * 100)}%` : "";
    });
    const words = form?.querySelector(".htmx-indicator p");
    if (!words) return;
    words.dataset.own ??= words.textContent;
    words.textContent = share !== null && share < 1 ? `${document.body.dataset.sending} ${Math.round(share * 100)}%` : words.dataset.own;
  },
};
const isLive = (event) => event.detail.requestConfig?.headers?.["X-Haihe-Live"];
document.addEventListener("htmx:beforeSend", (event) => { if (!isLive(event)) busy.start(); });
document.addEventListener("htmx:afterRequest", (event) => { if (!isLive(event)) busy.stop(); });
document.addEventListener("htmx:xhr:progress", (event) => {
  const { lengthComputable, loaded, total } = event.detail;
  const form = event.target.closest?.("form");
  if (lengthComputable && total && form?.matches("[enctype='multipart/form-data']")) busy.part(loaded / total, form);
});
document.addEventListener("htmx:sendError", () => {
  document.getElementById("page-error").innerHTML = `<p class="note red" role="alert">${document.body.dataset.failed}</p>`;
});
// A form that leaves the page is sent once, however often somebody presses the button. A download stays on the page.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.classList.contains("sending")) return event.preventDefault();
  busy.start();
  form.classList.add("sending");
  const free = () => { form.classList.remove("sending"); busy.stop(); };
  if (form.dataset.download !== undefined) setTimeout(free, 2000);
  else window.addEventListener("pageshow", free, { once: true });
});

// Live pages: when anything changed, parts marked data-live fetch themselves again (at most every two seconds). A part in which
// somebody reads an opened detail, types or has ticked rows is left alone until they are done.
const inUse = (part) => part.querySelector("details[open], .pick input:checked") || (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
if (document.querySelector("[data-live]") && "EventSource" in window) {
  let waiting = null;
  const refresh = () => {
    const parts = [...document.querySelectorAll("[data-live]")];
    waiting = parts.some(inUse) ? setTimeout(refresh, 5000) : null;
    parts.filter((part) => !inUse(part)).forEach((part) => htmx.trigger(part, "live"));
  };
  const stream = new EventSource("/live/");
  stream.addEventListener("changed", () => {
    if (waiting) return;
    waiting = setTimeout(refresh, 2000);
  });
  window.addEventListener("pagehide", () => stream.close());
}

// A file field that takes dropped files and names them.
document.addEventListener("dragover", (event) => {
  const drop = event.target.closest?.(".drop");
  if (drop) { event.preventDefault(); drop.classList.add("over"); }
});
document.addEventListener("dragleave", (event) => event.target.closest?.(".drop")?.classList.remove("over"));
document.addEventListener("drop", (event) => {
  const drop = event.target.closest?.(".drop");
  if (!drop) return;
  event.preventDefault();
  drop.classList.remove("over");
  const field = drop.querySelector("input[type=file]");
  field.files = event.dataTransfer.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
const size = (bytes) => (bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`);
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.dataset.send !== undefined) return field.form.requestSubmit();
  if (field.dataset.tickAll !== undefined) {
    field.form.querySelectorAll(`input[name="${field.dataset.tickAll}"]`).forEach((each) => { each.checked = field.checked; });
  }
  const count = field.form?.querySelector("[data-count]");
  if (count) count.textContent = field.form.querySelectorAll(`input[name="${count.dataset.count}"]:checked`).length;
  if (field.type !== "file") return;
  // A form may offer the file chooser and the camera: both name what was taken in the one place.
  const box = field.closest(".files") || field.closest(".drop");
  const names = box?.querySelector(".names");
  if (names) names.textContent = [...box.querySelectorAll("input[type=file]")].flatMap((each) => [...each.files]).map((file) => `${file.name}（${size(file.size)}）`).join("、");
  if (field.dataset.submit !== undefined && field.files.length) field.form.requestSubmit();
});

// "/" puts the cursor into the search field from anywhere but a field; where the header shows none, it opens the page.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  const field = [...document.querySelectorAll("[data-search]")].reverse().find((one) => one.offsetParent);
  const link = document.querySelector(".find-link");
  if (!field && !link) return;
  event.preventDefault();
  field ? field.select() || field.focus() : link.click();
});

// On a phone the button opens the whole navigation; Escape, or a tap beside it, closes it.
const menu = document.querySelector("[data-menu]");
const openMenu = (open) => {
  menu.setAttribute("aria-expanded", open);
  menu.closest(".nav").classList.toggle("open", open);
};
menu?.addEventListener("click", () => openMenu(menu.getAttribute("aria-expanded") !== "true"));
document.addEventListener("click", (event) => { if (menu && !event.target.closest(".nav")) openMenu(false); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || menu?.getAttribute("aria-expanded") !== "true") return;
  openMenu(false);
  menu.focus();
});

// Results of a search: the arrow keys go from the field to one after the other and back.
document.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || !event.target.closest?.("#search-words, #search-results")) return;
  const links = [...document.querySelectorAll("#search-results .found li a")];
  const place = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  if (!links.length || (event.key === "ArrowUp" && document.activeElement.id === "search-words")) return;
  event.preventDefault();
  (place < 0 ? document.getElementById("search-words") : links[Math.min(place, links.length - 1)]).focus();
});

// A long navigation shows where one is.
const here = document.querySelector("#nav-groups [aria-current]");
const groups = document.getElementById("nav-groups");
if (here && here.offsetTop > groups.clientHeight - 60) groups.scrollTop = here.offsetTop - groups.clientHeight / 2;
