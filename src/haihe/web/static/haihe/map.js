// The district's own base map, for any page. Nothing loads from elsewhere unless the district names a tile address (data-tiles).
import { Map, NavigationControl, ScaleControl, setWorkerUrl } from "../vendor/maplibre-gl.mjs";

const ROADS = { expressway: ["#e8b04a", 4.5], trunk: ["#c9d3de", 3.2], street: ["#dfe6ee", 1.8] };

// A map of the district in `place` (its attributes: {% map_data %}); resolves when it can be drawn upon.
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
      paint: { "line-color": colour, "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 10, width, 15, width * 2.5] },
    })),
    { id: "outline", type: "line", source: "base", filter: of("outline"), paint: { "line-color": "#5f7183", "line-width": 1.6 } },
  ];
  const [west, south, east, north] = JSON.parse(place.dataset.bounds);
  const map = new Map({
    container: place, attributionControl: false, dragRotate: false, pitchWithRotate: false, cooperativeGestures: false,
    style: { version: 8, sources, layers }, bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 24 },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  return new Promise((resolve) => map.on("load", () => {
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

// West, south, east and north as two corners, of coordinates however deep they lie; of none nothing.
export function boundsOf(coordinates) {
  const points = [];
  const walk = (part) => (typeof part[0] === "number" ? points.push(part) : part.forEach(walk));
  walk(coordinates);
  const [xs, ys] = [0, 1].map((i) => points.map((each) => each[i]));
  return points.length ? [[Math.min(...xs), Math.min(...ys)], [Math.max(...xs), Math.max(...ys)]] : null;
}

export const collection = (features) => ({ type: "FeatureCollection", features });
export const point = (coordinates, properties = {}) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates } });

// A picture for a layer, drawn by `draw(pen, size)` with a white edge that keeps it apart from the ground.
export function addPicture(map, name, colour, draw, size = 44) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 5;
  pen.lineJoin = "round";
  pen.beginPath();
  draw(pen, size);
  pen.closePath();
  pen.stroke();
  pen.fill();
  map.addImage(name, pen.getImageData(0, 0, size, size), { pixelRatio: 2 });
}
