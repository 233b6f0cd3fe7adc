"""What every page owes to the person in front of it, asked of the page itself in the browser."""

from __future__ import annotations

# Returns a list of sentences, one a fault: names of fields and pictures, order of headings, language, size of what is tapped.
FAULTS = """
(phone) => {
  const found = [], seen = (e) => e.checkVisibility() && !e.closest("#swagger");
  const say = (e) => `${e.tagName.toLowerCase()}${e.name ? `[${e.name}]` : ""} ${(e.textContent || "").trim().slice(0, 24)}`;
  if (!document.documentElement.lang) found.push("the page does not say its language");
  const fields = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(seen);
  for (const e of fields) if (!e.labels?.length && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby")) found.push(`no label: ${say(e)}`);
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) found.push(`no alt: ${e.src}`);
  for (const e of [...document.querySelectorAll("a, button, summary")].filter(seen)) if (!(e.textContent.trim() || e.getAttribute("aria-label"))) found.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  const levels = [...document.querySelectorAll("main h1, main h2, main h3")].filter(seen).map((e) => Number(e.tagName[1]));
  if (levels.filter((n) => n === 1).length !== 1) found.push(`${levels.filter((n) => n === 1).length} first headings`);
  levels.forEach((n, i) => { if (i && n > levels[i - 1] + 1) found.push(`heading ${n} follows ${levels[i - 1]}`); });
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => found.push(`the id ${id} is there twice`));
  if (phone) for (const e of [...document.querySelectorAll("button, .button, .nav a, .pills a, summary, select, input[type=text], input[type=date], input[type=search], textarea")].filter(seen)) {
    const box = e.getBoundingClientRect();
    if (box.height < 43.5 && !e.matches(".visually-hidden, kbd")) found.push(`only ${Math.round(box.height)} px high: ${say(e)}`);
  }
  return found;
}
"""
