// Small behaviours shared by all pages. No framework: htmx does the asking, this file the few things it does not.

// Every htmx request carries the CSRF token that the page's body holds.
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.body.dataset.csrf;
});

// Errors of a form (422 and the like) are shown in the form's own .form-error, and what was typed stays.
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
  place.scrollIntoView({ block: "nearest", behavior: "smooth" });
});

// Live pages: when anything changed, parts marked data-live fetch themselves again (at most every two seconds). A part in which
// somebody reads an opened detail or types is left alone until they are done.
const inUse = (part) => part.querySelector("details[open]") || (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
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
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.type !== "file") return;
  const names = field.closest(".drop")?.querySelector(".names");
  if (names) names.textContent = [...field.files].map((file) => file.name).join("、");
  if (field.dataset.submit !== undefined && field.files.length) field.form.requestSubmit();
});
