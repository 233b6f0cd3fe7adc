import { liveMap } from "./map.js";

liveMap(document.getElementById("map"));
