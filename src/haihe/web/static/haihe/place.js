// A page about one place: the district's map with a mark where it happened.
import { addPicture, collection, districtMap, point } from "./map.js";

const place = document.getElementById("map");
const where = [Number(place.dataset.longitude), Number(place.dataset.latitude)];
const map = await districtMap(place);
addPicture(map, "mark", "#d3271b", (pen, size) => pen.arc(size / 2, size / 2, size / 2 - 6, 0, 2 * Math.PI));
map.addSource("where", { type: "geojson", data: collection([point(where)]) });
map.addLayer({ id: "halo", type: "circle", source: "where", paint: { "circle-radius": 26, "circle-color": "#d3271b", "circle-opacity": 0.16 } });
map.addLayer({ id: "where", type: "symbol", source: "where", layout: { "icon-image": "mark" } });
map.jumpTo({ center: where, zoom: 12 });
place.dataset.drawn = "1";
