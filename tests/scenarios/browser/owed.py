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
  if (phone) for (const e of [...document.querySelectorAll("button, .button, .nav a, .pills a, summary, select, input[type=text], input[type=date], input[type=search], input[type=number], input[type=datetime-local], textarea, .row-link, .todo a, label.photo, label.drop")].filter(seen)) {
    const box = e.getBoundingClientRect();
    if (box.height < 43.5 && !e.matches(".visually-hidden, kbd")) found.push(`only ${Math.round(box.height)} px high: ${say(e)}`);
  }
  return found;
}
"""


# Returns a list of sentences: words that stand out less than 4.5 : 1 from their ground (3 : 1 where they are large).
CONTRAST = """
() => {
  const numbers = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }).reduce((a, v, i) => a + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
  const found = new Set();
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = words.nextNode(); n; n = words.nextNode()) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !e.checkVisibility() || e.closest("svg, script, option, #map, [disabled]")) continue;
    const style = getComputedStyle(e), big = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && Number(style.fontWeight) >= 700);
    const [a, b] = [light(numbers(style.color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (big ? 3 : 4.5)) found.add(`${ratio.toFixed(1)} : 1 ${n.textContent.trim().slice(0, 20)}`);
  }
  return [...found];
}
"""

# Returns the smallest size of words in px, the words that are cut without an ellipsis, and how far the page scrolls: [smallest, cut, px].
WALL = """
() => {
  let smallest = 1e9;
  const cut = [];
  const words = document.createTreeWalker(document.querySelector("#live"), NodeFilter.SHOW_TEXT);
  for (let n = words.nextNode(); n; n = words.nextNode()) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !e.checkVisibility() || e.closest("svg, nav")) continue;
    smallest = Math.min(smallest, parseFloat(getComputedStyle(e).fontSize));
    const box = e.getBoundingClientRect();
    if (box.bottom > innerHeight + 1 || box.right > innerWidth + 1) cut.push(n.textContent.trim().slice(0, 20));
  }
  for (const e of document.querySelectorAll(".panel")) if (e.scrollHeight > e.clientHeight + 1) cut.push(e.className);
  const page = document.documentElement;
  return [smallest, cut, Math.max(page.scrollHeight - innerHeight, page.scrollWidth - innerWidth)];
}
"""
