// The live map: asks for the latest positions every two seconds while the page is looked at. List and map show the same vehicles.
import { Popup } from "../vendor/maplibre-gl.mjs";
import { addPicture, collection, districtMap, point } from "../haihe/map.js";

const COLOURS = { alert: "#d3271b", moving: "#0b5cad", online: "#0b7a4b", offline: "#7b8896" };
const ORDER = Object.keys(COLOURS);
const MOST_LISTED = 200;
const place = document.getElementById("map");
const words = JSON.parse(document.getElementById("words").textContent);
const find = (name) => document.querySelector(`[data-${name}]`);
const wanted = { text: "", carrier: "", kind: "", state: "" };
let vehicles = [], chosen = null, popup = null, draws = 0;

const named = ([id, plate, carrier, kind, longitude, latitude, speed, heading, state, age, alert]) => ({ id, plate, carrier, kind, where: longitude === null ? null : [longitude, latitude], speed, heading, state, age, alert });
const say = (sentence, n) => sentence.replace("{n}", n);
function ago(seconds) {
  if (seconds === null) return words.never;
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= length) return say(words[unit], Math.floor(seconds / length));
  return say(words.s, seconds);
}
const fits = (one) => (!wanted.text || one.plate.includes(wanted.text)) && (!wanted.carrier || one.carrier === wanted.carrier) && (!wanted.kind || one.kind === wanted.kind) && (!wanted.state || one.state === wanted.state);

// --- the list beside the map ---

const rows = new Map();
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
  dot.className = `dot ${one.state}`;
  dot.title = words[one.state];
  plate.textContent = one.plate;
  speed.textContent = one.state === "offline" ? words.offline : `${one.speed} km/h`;
  from.textContent = one.carrier;
  seen.textContent = ago(one.age);
  button.setAttribute("aria-current", String(one.id === chosen));
  return item;
}

function showList(shown) {
  shown.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.plate.localeCompare(b.plate));
  const list = find("list"), items = shown.slice(0, MOST_LISTED).map(row);
  if (items.length !== list.children.length || items.some((item, n) => list.children[n] !== item)) list.replaceChildren(...items);
  const note = find("none"), rest = shown.length - items.length;
  note.hidden = shown.length > 0 && rest <= 0;
  note.textContent = shown.length ? say(words.more, rest) : words.none;
}

// --- the map ---

function prepare(map) {
  for (const state of ORDER) {
    addPicture(map, `arrow-${state}`, COLOURS[state], (pen) => { pen.moveTo(22, 4); pen.lineTo(35, 38); pen.lineTo(22, 31); pen.lineTo(9, 38); });
    addPicture(map, `dot-${state}`, COLOURS[state], (pen) => pen.arc(22, 22, 12, 0, 2 * Math.PI));
  }
  for (const name of ["chosen", "vehicles"]) map.addSource(name, { type: "geojson", data: collection([]) });
  map.addLayer({ id: "chosen", type: "circle", source: "chosen", paint: { "circle-radius": 20, "circle-color": "#0b5cad", "circle-opacity": 0.14, "circle-stroke-color": "#0b5cad", "circle-stroke-width": 2 } });
  map.addLayer({
    id: "vehicles", type: "symbol", source: "vehicles",
    layout: { "icon-image": ["get", "picture"], "icon-rotate": ["get", "heading"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true,
      "symbol-sort-key": ["get", "order"], "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.8, 14, 1.3] },
  });
  map.on("mouseenter", "vehicles", () => { map.getCanvas().style.cursor = "pointer"; });
  map.on("mouseleave", "vehicles", () => { map.getCanvas().style.cursor = ""; });
  map.on("click", "vehicles", (event) => choose(event.features[0].properties.id, false));
}

const drives = (one) => one.state === "moving" || (one.state === "alert" && one.speed >= 3);
const feature = (one) => point(one.where, { id: one.id, picture: `${drives(one) ? "arrow" : "dot"}-${one.state}`, heading: drives(one) ? one.heading : 0, order: -ORDER.indexOf(one.state) });

function show() {
  const shown = vehicles.filter(fits);
  showList(shown);
  map.getSource("vehicles").setData(collection(shown.filter((one) => one.where).map(feature)));
  const one = vehicles.find(({ id }) => id === chosen);
  map.getSource("chosen").setData(collection(one?.where ? [point(one.where)] : []));
  if (one?.where && popup) {
    popup.setLngLat(one.where);
    fillPopup(one);
  }
}

function choose(id, fly) {
  chosen = id;
  const one = vehicles.find((vehicle) => vehicle.id === id);
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
  const answer = await fetch(place.dataset.positions, { headers: { "X-Haihe-Live": "1" } }).catch(() => null);
  const said = find("read-at");
  if (!answer?.ok) {
    said.textContent = words.lost;
    return;
  }
  const found = await answer.json();
  vehicles = found.rows.map(named);
  for (const [name, value] of Object.entries(found.counts)) {
    document.querySelectorAll(`[data-count="${name}"]`).forEach((shown) => { shown.textContent = value; });
  }
  said.textContent = found.read_at;
  show();
  place.dataset.drawn = String((draws += 1));
  place.dataset.vehicles = String(vehicles.filter((one) => one.where).length);
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
  const one = vehicles.find((vehicle) => vehicle.plate === plate);
  if (one) choose(one.id, true);
}
setInterval(draw, 2000);
document.addEventListener("visibilitychange", draw);
