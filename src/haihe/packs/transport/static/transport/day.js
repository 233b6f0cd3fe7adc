// One vehicle's day: the track coloured by speed and the speed over time. Chart, map and table point at each other.
import { addPicture, boundsOf, collection, districtMap, point } from "../haihe/map.js";
import { Popup } from "../vendor/maplibre-gl.mjs";

const day = JSON.parse(document.getElementById("day-data").textContent);
const place = document.getElementById("map");
const broken = new Set(day.broken); // positions before which nobody knows what happened: silence, or a jump
const isOver = (n) => day.limit_kmh && day.speed_kmh[n] > day.limit_kmh && !broken.has(n);
const times = day.at.map((at) => Date.parse(at));
const positions = day.longitude_deg.map((longitude, n) => [longitude, day.latitude_deg[n]]);
const SHADES = ["interpolate", ["linear"], ["get", "share"], 0, "#8cc0f0", 0.6, "#2f7fd1", 0.9, "#1c5f9f", 0.97, "#f0a020", 1.02, "#d3271b"];

// Neighbouring steps of about the same speed become one line, so that a long day stays light.
function trackLines() {
  const lines = [];
  let line = null;
  for (let n = 1; n < positions.length; n += 1) {
    const share = day.limit_kmh ? Math.round((day.speed_kmh[n] / day.limit_kmh) * 50) / 50 : 0.5;
    if (broken.has(n)) { line = null; continue; }
    if (line?.properties.share === share) line.geometry.coordinates.push(positions[n]);
    else lines.push(line = { type: "Feature", properties: { share }, geometry: { type: "LineString", coordinates: [positions[n - 1], positions[n]] } });
  }
  return lines;
}

function drawTrack(map) {
  const lines = trackLines();
  map.addSource("track", { type: "geojson", data: collection(lines) });
  map.addLayer({ id: "casing", type: "line", source: "track", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-width": 8, "line-color": "#ffffff" } });
  map.addLayer({ id: "track", type: "line", source: "track", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-width": 4.5, "line-color": SHADES } });
  const marks = [
    ...day.stops.map((where) => point(where, { picture: "stop", title: day.words.stop })),
    ...day.events.filter((event) => event.where).map((event) => point(event.where, { picture: "event", title: event.title, at: event.at.slice(11, 19), url: event.url })),
  ];
  addPicture(map, "stop", "#0b7a4b", (pen) => pen.rect(12, 12, 20, 20));
  addPicture(map, "event", "#d3271b", (pen) => { pen.moveTo(22, 7); pen.lineTo(38, 35); pen.lineTo(6, 35); });
  addPicture(map, "here", "#0b5cad", (pen) => pen.arc(22, 22, 14, 0, 2 * Math.PI));
  map.addSource("marks", { type: "geojson", data: collection(marks) });
  map.addLayer({ id: "marks", type: "symbol", source: "marks", layout: { "icon-image": ["get", "picture"], "icon-allow-overlap": true } });
  map.addSource("here", { type: "geojson", data: collection([]) });
  map.addLayer({ id: "here", type: "symbol", source: "here", layout: { "icon-image": "here", "icon-allow-overlap": true, "icon-ignore-placement": true } });
  map.on("click", "marks", ({ features: [mark] }) => showMark(map, mark));
  map.fitBounds(boundsOf(positions), { padding: 40, maxZoom: 14, animate: false });
  place.dataset.drawn = String(lines.length);
}

function showMark(map, { properties, geometry }) {
  const box = document.createElement(properties.url ? "a" : "p");
  box.textContent = `${properties.at ?? ""} ${properties.title}`.trim();
  if (properties.url) box.href = properties.url;
  new Popup({ maxWidth: "260px" }).setLngLat(geometry.coordinates).setDOMContent(box).addTo(map);
}

// The first position at or after an instant, else the last one.
function nearest(at) {
  const wanted = typeof at === "number" ? at : Date.parse(at);
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] >= wanted) high = middle; else low = middle + 1;
  }
  return low;
}

function drawChart(map) {
  const chart = echarts.init(document.getElementById("speed"));
  const limit = day.limit_kmh ? [{ yAxis: day.limit_kmh, name: `${day.words.limit} ${day.limit_kmh}`, lineStyle: { color: "#d3271b", type: "dashed" } }] : [];
  chart.setOption({
    animation: false, grid: { left: 44, right: 16, top: 28, bottom: 62 },
    tooltip: { trigger: "axis", formatter: ([one]) => `${day.at[one.dataIndex]?.slice(11, 19) ?? ""} · <b>${Math.round(day.speed_kmh[one.dataIndex])} km/h</b>` },
    xAxis: { type: "time", axisLabel: { hideOverlap: true } },
    yAxis: { type: "value", name: "km/h", min: 0, max: (value) => Math.ceil(Math.max(value.max, (day.limit_kmh || 0) * 1.05) / 20) * 20 },
    dataZoom: [{ type: "inside" }, { type: "slider", height: 20, bottom: 8 }],
    series: [
      { type: "line", showSymbol: false, lineStyle: { width: 1.5, color: "#0b5cad" }, areaStyle: { opacity: 0.08, color: "#0b5cad" }, data: day.at.map((at, n) => [at, broken.has(n) ? null : day.speed_kmh[n]]),
        markLine: { symbol: "none", silent: true, label: { formatter: "{b}", position: "insideEndTop" }, data: limit } },
      { type: "line", showSymbol: false, silent: true, lineStyle: { width: 2.5, color: "#d3271b" }, data: day.at.map((at, n) => [at, isOver(n) || isOver(n + 1) ? day.speed_kmh[n] : null]) },
      { type: "scatter", symbol: "triangle", symbolSize: 11, z: 5, tooltip: { trigger: "item", formatter: ({ data }) => data.name },
        data: day.events.map((event) => ({ value: [event.at, day.speed_kmh[nearest(event.at)]], name: event.title, url: event.url, itemStyle: { color: event.colour, borderColor: "#fff" } })) },
    ],
  });
  chart.on("click", ({ data }) => { if (data?.url) location.href = data.url; });
  chart.on("updateAxisPointer", ({ axesInfo }) => {
    const value = axesInfo?.[0]?.value;
    if (value === undefined) return;
    map.getSource("here").setData(collection([point(positions[nearest(value)])]));
  });
  window.addEventListener("resize", () => chart.resize());
  return chart;
}

// The day again, some minutes of it a second, from where `from()` says. Silences are passed over: nobody knows what lies in them.
function player(map, chart, from) {
  const button = document.querySelector("[data-play]"), pace = document.getElementById("pace"), now = document.querySelector("[data-now]");
  const words = button.textContent, last = times.length - 1;
  let running = false, before = 0, clock = 0, shown = 0;
  const show = (n) => {
    map.getSource("here").setData(collection([point(positions[n])]));
    if (!map.getBounds().contains(positions[n])) map.panTo(positions[n]);
    chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: n });
    now.textContent = `${day.at[n].slice(11, 19)} · ${Math.round(day.speed_kmh[n])} km/h`;
  };
  const step = (at) => {
    if (!running) return;
    clock += (at - before) * Number(pace.value);
    before = at;
    let n = nearest(clock);
    if (n && times[n] - times[n - 1] > day.silence_s * 1000) clock = times[n];
    else if (times[n] > clock) n = Math.max(0, n - 1);
    if (at - shown > 80 || n === last) {
      shown = at;
      show(n);
    }
    if (n === last) stop(); else requestAnimationFrame(step);
  };
  const stop = () => { running = false; button.textContent = words; };
  button.addEventListener("click", () => {
    if (running) return stop();
    const begin = from();
    if (begin !== null || clock === 0 || clock >= times[last]) clock = times[begin ?? 0];
    running = true;
    button.textContent = button.dataset.pause;
    requestAnimationFrame((at) => { before = shown = at; show(nearest(clock)); step(at); });
  });
}

const map = await districtMap(place);
drawTrack(map);
const chart = drawChart(map);
let chosen = null; // where the part that was pressed begins, until it is played
player(map, chart, () => { const n = chosen; chosen = null; return n; });
for (const button of document.querySelectorAll("[data-first]")) {
  button.addEventListener("click", () => {
    const first = Number(button.dataset.first), last = Number(button.dataset.last);
    chosen = first;
    map.fitBounds(boundsOf(positions.slice(first, last + 1)), { padding: 60, maxZoom: 15 });
    chart.dispatchAction({ type: "dataZoom", startValue: Date.parse(day.at[first]), endValue: Date.parse(day.at[last]) });
    place.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
}
