// An order with places: drawn on the map or taken from a drawn area, written into the form's own fields, where they can be changed by hand.
import { boundsOf, collection, districtMap } from "../haihe/map.js";
import { COLOURS, drawFor } from "./draw.js";

const place = document.getElementById("map"), form = document.getElementById("order"), bar = document.getElementById("draw-bar");
const areas = JSON.parse(document.getElementById("areas-data").textContent);
const map = await districtMap(place);
map.addSource("chosen", { type: "geojson", data: collection([]) });
map.addLayer({ id: "chosen", type: "line", source: "chosen", paint: { "line-color": COLOURS.permitted, "line-width": 3 } });

const write = (field, points) => { form.elements[field].value = points.map((each) => each.map((n) => n.toFixed(6)).join(",")).join("\n"); };
const fill = {
  polygon: ({ coordinates: [ring] }) => write("points", ring.slice(0, -1)),
  linestring: ({ coordinates }) => write("points", coordinates),
  rectangle: ({ coordinates: [ring] }) => {
    const [[west, south], [east, north]] = boundsOf(ring);
    write("corners", [[west, north], [east, south]]);
  },
  circle: ({ coordinates: [ring] }, { radiusKilometers }) => {
    const [low, high] = boundsOf(ring);
    write("centre", [[0, 1].map((i) => (low[i] + high[i]) / 2)]);
    form.elements.radius_m.value = Math.round(radiusKilometers * 1000);
  },
}[place.dataset.shape];

const WRITTEN = { polygon: ["points"], linestring: ["points"], rectangle: ["corners"], circle: ["centre", "radius_m"] }[place.dataset.shape];

const drawing = drawFor(form, map, bar, {
  colour: () => COLOURS.permitted,
  keep: (feature) => {
    if (!feature) return WRITTEN.forEach((field) => { form.elements[field].value = ""; });
    fill(feature.geometry, feature.properties);
    if (form.elements.area) form.elements.area.value = "";
    map.getSource("chosen").setData(collection([]));
  },
});
form.elements.area?.addEventListener("change", ({ target }) => {
  const geometry = areas[target.value]?.geometry;
  drawing.drop();
  map.getSource("chosen").setData(collection(geometry ? [{ type: "Feature", properties: {}, geometry }] : []));
  if (!geometry) return;
  fill(geometry, {});
  map.fitBounds(boundsOf(geometry.coordinates), { padding: 40, maxZoom: 15, animate: false });
});
place.dataset.drawn = "1";
