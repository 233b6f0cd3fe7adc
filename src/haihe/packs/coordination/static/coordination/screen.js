// Says how old the figures are, every second, also when the server no longer answers: a wall must not show old figures as if true.
const STALE_S = 180;
const words = (seconds, [s, min, h]) => {
  if (seconds < 60) return s.replace("{n}", seconds);
  if (seconds < 3600) return min.replace("{n}", Math.floor(seconds / 60));
  return h.replace("{n}", Math.floor(seconds / 3600));
};
// The wall's own clock may be wrong: age is counted from when this page received the figures.
let read = null;
let received = Date.now();
const tick = () => {
  const line = document.querySelector(".true");
  if (!line) return;
  if (line.dataset.read !== read) [read, received] = [line.dataset.read, Date.now()];
  const seconds = Math.max(0, Math.round((Date.now() - received) / 1000));
  const stale = seconds > STALE_S;
  line.classList.toggle("stale", stale);
  line.querySelector(".ago").textContent = words(seconds, line.dataset.words.split("|")) + (stale ? ` · ${line.dataset.stale}` : "");
};
tick();
setInterval(tick, 1000);
