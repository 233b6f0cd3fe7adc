// The page of one vehicle's day: speed over time beside the track; pointing at the chart moves the marker on the map.
import { dayMap } from "./map.js";

const day = JSON.parse(document.getElementById("day").textContent);
const place = document.getElementById("map");
if (day.at.length) {
  const show = await dayMap(place, day);
  const chart = echarts.init(document.getElementById("speed"));
  const marks = day.events.map((event) => ({ xAxis: event.at, name: event.title, lineStyle: { color: event.colour } }));
  chart.setOption({
    grid: { left: 44, right: 16, top: 24, bottom: 56 },
    tooltip: { trigger: "axis", valueFormatter: (value) => `${Math.round(value)} km/h` },
    xAxis: { type: "time" },
    yAxis: { type: "value", name: "km/h", min: 0 },
    dataZoom: [{ type: "inside" }, { type: "slider", height: 18, bottom: 8 }],
    series: [{
      type: "line", showSymbol: false, lineStyle: { width: 1.5, color: "#0b5cad" }, areaStyle: { opacity: 0.08, color: "#0b5cad" },
      data: day.at.map((at, n) => [at, day.gap_s[n] > 300 ? null : day.speed_kmh[n]]),
      markLine: { symbol: "none", label: { formatter: "{b}", position: "insideEndTop" }, data: [
        ...(day.limit_kmh ? [{ yAxis: day.limit_kmh, name: `${day.limit_kmh} km/h`, lineStyle: { color: "#d3271b", type: "dashed" } }] : []), ...marks,
      ] },
    }],
  });
  chart.on("updateAxisPointer", (event) => {
    const n = event.dataIndex ?? event.seriesData?.[0]?.dataIndex;
    if (n !== undefined) show(n);
  });
  window.addEventListener("resize", () => chart.resize());
}
