// The live map: asks each second what is new while the page is looked at. List and map show the same vehicles.
import { Popup } from "../vendor/maplibre-gl.mjs";
import { collection, districtMap, point } from "../haihe/map.js";
import { Marks } from "../haihe/marks.js";

const COLOURS = { alert: "#d3271b", moving: "#0b5cad", online: "#0b7a4b", offline: "#7b8896" };
const ORDER = Object.keys(COLOURS);
const MOST_LISTED = 200, EVERY_MS = 1000;
const place = document.getElementById("map");
const words = JSON.parse(document.getElementById("words").textContent);
const find = (name) => document.querySelector(`[data-${name}]`);
const wanted = { text: "", carrier: "", kind: "", state: "" };
const vehicles = new Map(); // by number, in the order of their plates
let after = "", chosen = null, popup = null, draws = 0;

const named = ([id, plate, carrier, kind, longitude, latitude, speed, heading, state, age]) => ({ id, plate, carrier, kind, where: longitude === null ? null : [longitude, latitude], speed, heading, told: state, seen: age === null ? null : Date.now() - 1000 * age });
const say = (sentence, n) => sentence.replace("{n}", n);
function ago(seconds) {
  if (seconds === null) return words.never;
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= length) return say(words[unit], Math.floor(seconds / length));
  return say(words.s, seconds);
}
// How a vehicle stands now: it goes off line by silence, and an alert comes and goes, without a new position.
function stand(one, alerts, onlineWithin_s) {
  one.age = one.seen === null ? null : Math.max(0, Math.round((Date.now() - one.seen) / 1000));
  one.alert = alerts.get(one.id) ?? null;
  if (one.age === null || one.age > onlineWithin_s) one.state = "offline";
  else if (one.alert) one.state = "alert";
  else one.state = one.told === "alert" ? (one.speed >= 3 ? "moving" : "online") : one.told;
}
const fits = (one) => (!wanted.text || one.plate.includes(wanted.text)) && (!wanted.carrier || one.carrier === wanted.carrier) && (!wanted.kind || one.kind === wanted.kind) && (!wanted.state || one.state === wanted.state);

// --- the list beside the map ---

const rows = new Map();
const write = (element, name, value) => { if (element[name] !== value) element[name] = value; };
function row(one) {
  if (!rows.has(one.id)) {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.innerHTML = '<i class="dot"></i><b></b><span class="speed-now number"></span><span class="muted small from"></span><span class="muted small seen"></span>';
    button.addEventListener("click", () => choose(one.id, true));
    item.append(button);
    rows.set(one.id, item);
  }
  const item = rows.get(one.id), [button] = item.children, [dot, plate, speed, from, seen] = button.children;
  write(dot, "className", `dot ${one.state}`);
  write(dot, "title", words[one.state]);
  write(plate, "textContent", one.plate);
  write(speed, "textContent", one.state === "offline" ? words.offline : `${one.speed} km/h`);
  write(from, "textContent", one.carrier);
  write(seen, "textContent", ago(one.age));
  button.setAttribute("aria-current", String(one.id === chosen));
  return item;
}

function showList(shown) {
  const first = [];
  for (const state of ORDER) for (const one of shown) if (one.state === state && first.length < MOST_LISTED) first.push(one);
  const list = find("list"), items = first.map(row);
  if (items.length !== list.children.length || items.some((item, n) => list.children[n] !== item)) list.replaceChildren(...items);
  const note = find("none"), rest = shown.length - items.length;
  note.hidden = shown.length > 0 && rest <= 0;
  note.textContent = shown.length ? say(words.more, rest) : words.none;
}

// --- the map ---

const marks = new Marks(Object.fromEntries(Object.entries(COLOURS).reverse()), "alert");

function prepare(map) {
  map.addSource("chosen", { type: "geojson", data: collection([]) });
  map.addLayer({ id: "chosen", type: "circle", source: "chosen", paint: { "circle-radius": 20, "circle-color": "#0b5cad", "circle-opacity": 0.14, "circle-stroke-color": "#0b5cad", "circle-stroke-width": 2 } });
  map.addLayer(marks);
  map.on("mousemove", (event) => { map.getCanvas().style.cursor = marks.under(event.lngLat) ? "pointer" : ""; });
  map.on("click", (event) => {
    const mark = marks.under(event.lngLat);
    if (mark) choose(mark.id, false);
  });
}

const drives = (one) => one.state === "moving" || (one.state === "alert" && one.speed >= 3);

// `news`: what this drawing shows for the first time, told to whoever listens once it is on the screen.
function show(news = []) {
  const shown = [...vehicles.values()].filter(fits);
  showList(shown);
  for (const one of shown) one.arrow = drives(one);
  marks.show(shown.filter((one) => one.where), () => place.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: news })));
  const one = vehicles.get(chosen);
  map.getSource("chosen").setData(collection(one?.where ? [point(one.where)] : []));
  if (one?.where && popup) {
    popup.setLngLat(one.where);
    fillPopup(one);
  }
}

function choose(id, fly) {
  chosen = id;
  const one = vehicles.get(id);
  popup?.remove();
  popup = null;
  chosen = id;
  if (one?.where) {
    const opened = new Popup({ maxWidth: "280px", offset: 16, focusAfterOpen: false }).setLngLat(one.where).setDOMContent(document.createElement("div")).addTo(map);
    opened.on("close", () => { if (popup === opened) { popup = null; chosen = null; show(); } });
    popup = opened;
    if (fly) {
      map.flyTo({ center: one.where, zoom: Math.max(map.getZoom(), 13) });
      if (window.innerWidth < 900) place.scrollIntoView({ block: "center", behavior: "smooth" });
    }
  }
  show();
}

function fillPopup(one) {
  const box = popup._content.querySelector(".about") ?? popup._content.firstElementChild;
  if (!box.children.length) {
    box.className = "about";
    box.innerHTML = '<p class="popup-plate"><b></b> <span class="chip"></span></p><p class="muted small"></p><p></p><p class="row"></p>';
    link(box.lastElementChild, place.dataset.vehicle, one.id, words.vehicle);
    link(box.lastElementChild, place.dataset.vehicle, one.id, words.day, "#day");
    if (one.alert) link(box.lastElementChild, place.dataset.alert, one.alert, words.alert_page, "", "button small");
  }
  box.querySelector("b").textContent = one.plate;
  const chip = box.querySelector(".chip");
  chip.textContent = words[one.state];
  chip.className = `chip ${{ alert: "red", moving: "blue", online: "green" }[one.state] ?? ""}`;
  box.children[1].textContent = `${one.carrier} · ${document.querySelector(`[data-kind] option[value="${one.kind}"]`)?.textContent ?? ""}`;
  box.children[2].textContent = `${one.speed} km/h · ${ago(one.age)}`;
}

function link(box, address, id, text, part = "", className = "button plain small") {
  const found = document.createElement("a");
  found.href = address.replace("/0/", `/${id}/`) + part;
  found.textContent = text;
  found.className = className;
  box.append(found);
}

// --- asking and filtering ---

async function draw() {
  if (document.hidden) return;
  const address = after ? `${place.dataset.positions}?after=${encodeURIComponent(after)}` : place.dataset.positions;
  const answer = await fetch(address, { headers: { "X-Haihe-Live": "1" } }).catch(() => null);
  const said = find("read-at");
  if (!answer?.ok) {
    said.textContent = words.lost;
    return;
  }
  const found = await answer.json();
  if (!found.only_changes) vehicles.clear();
  const news = found.rows.map(named);
  for (const one of news) vehicles.set(one.id, Object.assign(vehicles.get(one.id) ?? {}, one));
  // One was registered or retired: all is asked for anew; and once a minute anyway, for what changed of a vehicle but its place.
  after = vehicles.size === found.counts.vehicles && draws % 60 !== 59 ? found.after : "";
  const alerts = new Map(found.alerts), counts = { ...found.counts, connected: 0, ...Object.fromEntries(ORDER.map((state) => [state, 0])) };
  for (const one of vehicles.values()) {
    stand(one, alerts, found.online_within_s);
    counts[one.state] += 1;
    counts.connected += one.state !== "offline";
  }
  for (const [name, value] of Object.entries(counts)) {
    document.querySelectorAll(`[data-count="${name}"]`).forEach((shown) => write(shown, "textContent", String(value)));
  }
  said.textContent = found.read_at;
  show(news.filter((one) => one.where).map((one) => [one.id, ...one.where]));
  place.dataset.drawn = String((draws += 1));
  place.dataset.vehicles = String([...vehicles.values()].filter((one) => one.where).length);
}

async function follow() {
  const began = Date.now();
  await draw();
  setTimeout(follow, Math.max(EVERY_MS / 4, EVERY_MS - (Date.now() - began)));
}

function bindFilters() {
  find("find").addEventListener("input", (event) => { wanted.text = event.target.value.trim().toUpperCase(); show(); });
  for (const name of ["carrier", "kind"]) find(name)?.addEventListener("change", (event) => { wanted[name] = event.target.value; show(); });
  for (const button of document.querySelectorAll("[data-state]")) {
    button.addEventListener("click", () => {
      wanted.state = wanted.state === button.dataset.state ? "" : button.dataset.state;
      document.querySelectorAll("[data-state]").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.state === wanted.state)));
      show();
    });
  }
}

const map = await districtMap(place);
prepare(map);
await draw();
bindFilters();
const plate = new URLSearchParams(location.search).get("plate");
if (plate) {
  const one = [...vehicles.values()].find((vehicle) => vehicle.plate === plate);
  if (one) choose(one.id, true);
}
setTimeout(follow, EVERY_MS);
document.addEventListener("visibilitychange", draw);
