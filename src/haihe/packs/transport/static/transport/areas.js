// Areas and roads for vehicles over the district's map: permitted ones green, forbidden ones red and hatched by a dashed line.
import { boundsOf, collection, districtMap } from "../haihe/map.js";
import { COLOURS, drawFor } from "./draw.js";

const place = document.getElementById("map");
const rows = JSON.parse(document.getElementById("areas-data").textContent);
const map = await districtMap(place);
const features = rows.map(({ name, mode, geometry }) => ({ type: "Feature", properties: { name, mode }, geometry }));
map.addSource("areas", { type: "geojson", data: collection(features) });
const colour = ["match", ["get", "mode"], "forbidden", COLOURS.forbidden, COLOURS.permitted];
const isArea = ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false];
map.addLayer({ id: "areas-fill", type: "fill", source: "areas", filter: isArea, paint: { "fill-color": colour, "fill-opacity": 0.14 } });
map.addLayer({ id: "areas-permitted", type: "line", source: "areas", filter: ["==", ["get", "mode"], "permitted"], paint: { "line-color": colour, "line-width": 3 } });
map.addLayer({ id: "areas-forbidden", type: "line", source: "areas", filter: ["==", ["get", "mode"], "forbidden"], paint: { "line-color": colour, "line-width": 3, "line-dasharray": [2, 1.5] } });

const bounds = boundsOf(rows.map(({ geometry }) => geometry.coordinates));
if (bounds) map.fitBounds(bounds, { padding: 32, maxZoom: 14, animate: false });
const form = document.getElementById("new-area");
if (form) {
  const { drawn, file, mode, outline } = form.elements;
  const drawing = drawFor(form, map, document.getElementById("draw-bar"), {
    colour: () => COLOURS[mode.value],
    keep: (feature) => {
      drawn.value = feature ? JSON.stringify({ type: "Feature", properties: {}, geometry: feature.geometry }) : "";
      if (feature) outline.value = file.value = "";
    },
  });
  // Whatever else is chosen takes the place of what was drawn.
  for (const other of [outline, file]) other.addEventListener("change", () => { if (other.value) drawing.drop(); });
}
place.dataset.drawn = "1";
