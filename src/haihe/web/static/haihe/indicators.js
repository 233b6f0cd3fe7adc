// Small lines of measured indicators; a dashed upright where another definition came into force.
const sparks = JSON.parse(document.getElementById("sparks").textContent);
const cuts = JSON.parse(document.getElementById("cuts")?.textContent || "{}");
for (const place of document.querySelectorAll("[data-spark]")) {
  const data = sparks[place.dataset.spark];
  if (data.length < 2) continue;
  const chart = echarts.init(place, null, { renderer: "svg" });
  chart.setOption({
    animation: false, grid: { left: 4, right: 4, top: 6, bottom: 6 }, tooltip: { trigger: "axis" },
    xAxis: { type: "time", show: false }, yAxis: { type: "value", show: false, scale: true },
    series: [{ type: "line", data, showSymbol: false, step: "end", lineStyle: { color: "#0b5cad", width: 2 }, areaStyle: { color: "#0b5cad", opacity: 0.08 },
      markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: "#8a5000", type: "dashed" }, data: (cuts[place.dataset.spark] || []).map((day) => ({ xAxis: day })) } }],
  });
  window.addEventListener("resize", () => chart.resize());
}
