// Maps of the transport pack: the district's own base map, moving vehicles, one vehicle's day. Nothing loads from elsewhere
// unless the district names a tile address (data-tiles).
import { Map, NavigationControl, ScaleControl, Popup, setWorkerUrl } from "../vendor/maplibre-gl.mjs";

const SHADES = { online: "#0b7a4b", moving: "#0b5cad", alert: "#d3271b", offline: "#8a97a5" };
const ROADS = { expressway: ["#e8b04a", 4.5], trunk: ["#c9d3de", 3.2], street: ["#dfe6ee", 1.8] };

// A map of the district in `place`; resolves when it can be drawn upon.
export function districtMap(place) {
  setWorkerUrl(place.dataset.worker);
  const sources = { base: { type: "geojson", data: place.dataset.base } };
  const tiles = place.dataset.tiles;
  if (tiles) sources.tiles = { type: "raster", tiles: [tiles], tileSize: 256 };
  const of = (kind) => ["==", ["get", "kind"], kind];
  const layers = [
    { id: "ground", type: "background", paint: { "background-color": "#eef2f6" } },
    ...(tiles ? [{ id: "tiles", type: "raster", source: "tiles" }] : []),
    { id: "district", type: "fill", source: "base", filter: of("outline"), paint: { "fill-color": "#ffffff", "fill-opacity": tiles ? 0 : 1 } },
    { id: "towns", type: "line", source: "base", filter: of("town"), paint: { "line-color": "#b9c6d3", "line-dasharray": [3, 2] } },
    { id: "river", type: "line", source: "base", filter: of("river"), layout: { "line-cap": "round" }, paint: { "line-color": "#a9d0f0", "line-width": 9 } },
    ...Object.entries(ROADS).reverse().map(([kind, [colour, width]]) => ({
      id: kind, type: "line", source: "base", filter: of(kind), layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": colour, "line-width": width },
    })),
    { id: "outline", type: "line", source: "base", filter: of("outline"), paint: { "line-color": "#5f7183", "line-width": 1.6 } },
  ];
  const [west, south, east, north] = JSON.parse(place.dataset.bounds);
  const map = new Map({
    container: place, attributionControl: false, dragRotate: false, pitchWithRotate: false,
    style: { version: 8, sources, layers }, bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 24 },
  });
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  return new Promise((resolve) => map.on("load", () => {
    addArrow(map);
    nameTowns(map, place);
    resolve(map);
  }));
}

// Names of towns are elements over the map, so that no fonts need to be loaded as tiles.
async function nameTowns(map, place) {
  const base = await (await fetch(place.dataset.base)).json();
  for (const { properties, geometry } of base.features) {
    if (properties.kind !== "town") continue;
    const ring = (geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates[0])[0];
    const middle = ring.reduce((sum, [x, y]) => [sum[0] + x / ring.length, sum[1] + y / ring.length], [0, 0]);
    const label = document.createElement("span");
    label.className = "town-name";
    label.textContent = properties.name;
    map.getCanvasContainer().append(label);
    const put = () => {
      const { x, y } = map.project(middle);
      label.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    };
    map.on("move", put);
    put();
  }
}

function addArrow(map) {
  const size = 40;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.beginPath();
  pen.moveTo(20, 3); pen.lineTo(33, 36); pen.lineTo(20, 29); pen.lineTo(7, 36);
  pen.closePath();
  pen.fill();
  map.addImage("arrow", pen.getImageData(0, 0, size, size), { sdf: true, pixelRatio: 2 });
}

const collection = (features) => ({ type: "FeatureCollection", features });

function vehicleFeatures(rows) {
  return rows.map(([id, plate, carrier, longitude, latitude, speed, heading, state, at]) => ({
    type: "Feature", geometry: { type: "Point", coordinates: [longitude, latitude] },
    properties: { id, plate, carrier, speed, heading, state, at, colour: SHADES[state] || SHADES.offline },
  }));
}

// The live map: asks for the latest positions every two seconds while the page is looked at.
export async function liveMap(place) {
  const map = await districtMap(place);
  map.addSource("vehicles", { type: "geojson", data: collection([]) });
  map.addLayer({
    id: "vehicles", type: "symbol", source: "vehicles",
    layout: { "icon-image": "arrow", "icon-rotate": ["get", "heading"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.75, 14, 1.3] },
    paint: { "icon-color": ["get", "colour"], "icon-halo-color": "#ffffff", "icon-halo-width": 1.5 },
  });
  map.on("mouseenter", "vehicles", () => { map.getCanvas().style.cursor = "pointer"; });
  map.on("mouseleave", "vehicles", () => { map.getCanvas().style.cursor = ""; });
  map.on("click", "vehicles", (event) => showVehicle(map, place, event.features[0]));
  let framesDrawn = 0;
  const draw = async () => {
    if (document.hidden) return;
    const answer = await fetch(place.dataset.positions, { headers: { "X-Haihe-Live": "1" } });
    if (!answer.ok) return;
    const found = await answer.json();
    map.getSource("vehicles").setData(collection(vehicleFeatures(found.rows)));
    for (const [name, value] of Object.entries(found.counts)) {
      const shown = document.querySelector(`[data-count="${name}"]`);
      if (shown) shown.textContent = value;
    }
    const said = document.querySelector("[data-read-at]");
    if (said) said.textContent = found.read_at;
    place.dataset.drawn = String(++framesDrawn);
    place.dataset.vehicles = String(found.rows.length);
  };
  await draw();
  setInterval(draw, 2000);
  document.addEventListener("visibilitychange", draw);
  bindFind(map);
  return map;
}

function showVehicle(map, place, { properties, geometry }) {
  const box = document.createElement("div");
  const line = (text, className = "") => {
    const element = document.createElement("p");
    element.textContent = text;
    element.className = className;
    box.append(element);
  };
  line(properties.plate, "popup-plate");
  line(properties.carrier, "muted small");
  line(`${Math.round(properties.speed)} km/h · ${properties.at}`);
  const link = document.createElement("a");
  link.href = place.dataset.day.replace("/0/", `/${properties.id}/`);
  link.textContent = place.dataset.dayTitle;
  link.className = "button small";
  box.append(link);
  new Popup({ maxWidth: "260px" }).setLngLat(geometry.coordinates).setDOMContent(box).addTo(map);
}

function bindFind(map) {
  const field = document.querySelector("[data-find]");
  field?.addEventListener("change", () => {
    const wanted = field.value.trim().toUpperCase();
    const found = map.querySourceFeatures("vehicles").find(({ properties }) => properties.plate.includes(wanted));
    if (wanted && found) map.flyTo({ center: found.geometry.coordinates, zoom: 14 });
  });
}

// One vehicle's day: the track coloured by speed, its events, and a marker that follows the chart.
export async function dayMap(place, day) {
  const map = await districtMap(place);
  const lines = [];
  for (let n = 1; n < day.at.length; n += 1) {
    if (day.gap_s[n] > 300) continue;
    lines.push({
      type: "Feature", properties: { share: day.limit_kmh ? day.speed_kmh[n] / day.limit_kmh : 0 },
      geometry: { type: "LineString", coordinates: [[day.longitude_deg[n - 1], day.latitude_deg[n - 1]], [day.longitude_deg[n], day.latitude_deg[n]]] },
    });
  }
  map.addSource("track", { type: "geojson", data: collection(lines) });
  map.addLayer({
    id: "track", type: "line", source: "track", layout: { "line-cap": "round" },
    paint: { "line-width": 4, "line-color": ["interpolate", ["linear"], ["get", "share"], 0, "#2f7fd1", 0.9, "#2fa866", 1, "#f0a020", 1.15, "#d3271b"] },
  });
  map.addSource("here", { type: "geojson", data: collection([]) });
  map.addLayer({ id: "here", type: "circle", source: "here", paint: { "circle-radius": 8, "circle-color": "#0b5cad", "circle-stroke-color": "#fff", "circle-stroke-width": 3 } });
  if (day.at.length > 1) {
    const west = Math.min(...day.longitude_deg), east = Math.max(...day.longitude_deg);
    const south = Math.min(...day.latitude_deg), north = Math.max(...day.latitude_deg);
    map.fitBounds([[west, south], [east, north]], { padding: 40, maxZoom: 14, animate: false });
  }
  place.dataset.drawn = String(lines.length);
  return (n) => map.getSource("here").setData(collection([
    { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [day.longitude_deg[n], day.latitude_deg[n]] } },
  ]));
}
