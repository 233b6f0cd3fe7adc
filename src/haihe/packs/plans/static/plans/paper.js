// The button that prints; the page itself needs no script.
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
