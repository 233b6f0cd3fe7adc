// Charts of the ledger pages. Data comes from json_script blocks; charts are drawn again when a live part was replaced.
const COLOURS = { met: "#1a7f4b", on_track: "#2fa866", at_risk: "#f0a020", late: "#dc3a2f", no_data: "#b6c0ca" };
const read = (id) => { const block = document.getElementById(id); return block && JSON.parse(block.textContent); };
const text = { fontFamily: getComputedStyle(document.documentElement).fontFamily, color: "#17212b" };

function draw(id, option) {
  const place = document.getElementById(id);
  if (!place || !window.echarts) return;
  const chart = echarts.getInstanceByDom(place) || echarts.init(place, null, { renderer: "svg" });
  chart.setOption({ textStyle: text, animation: false, ...option });
}

function drawAll() {
  const data = read("charts-data");
  if (data) {
    draw("chart-standing", {
      tooltip: {}, legend: { bottom: 0, formatter: (name) => `${name} ${data.standing.find((row) => row.name === name).value}` },
      series: [{ type: "pie", radius: ["48%", "72%"], center: ["50%", "42%"], label: { show: false }, data: data.standing.map((row) => ({ ...row, itemStyle: { color: COLOURS[row.key] } })) }],
    });
    const series = [["closed", "#8aa4bd"], ["rest", "#2fa866"], ["amber", "#f0a020"], ["late", "#dc3a2f"]].map(([key, color]) => ({ name: data.words[key], type: "bar", stack: "all", data: data.units[key], itemStyle: { color }, barMaxWidth: 18 }));
    draw("chart-units", {
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } }, legend: { bottom: 0 }, grid: { left: 8, right: 16, top: 8, bottom: 36, containLabel: true },
      xAxis: { type: "value", minInterval: 1 }, yAxis: { type: "category", inverse: true, data: data.units.names, axisLabel: { width: 130, overflow: "truncate" } }, series,
    });
    const place = document.getElementById("chart-units");
    if (place) {
      const chart = echarts.getInstanceByDom(place);
      chart?.off("click");
      chart?.on("click", (event) => { location.href = `/board/?unit=${encodeURIComponent(event.name)}`; });
    }
  }
  const target = read("target-data");
  if (target) {
    draw("chart-target", {
      tooltip: { trigger: "axis", valueFormatter: (value) => (value == null ? "" : `${value} ${target.unit}`) }, legend: { bottom: 0 },
      grid: { left: 8, right: 24, top: 16, bottom: 36, containLabel: true }, xAxis: { type: "time" }, yAxis: { type: "value", name: target.unit, scale: true },
      series: [
        { name: target.words.trajectory, type: "line", data: target.trajectory.map((p) => [p[0], p[1]]), symbol: "circle", symbolSize: 6, lineStyle: { type: target.assumption ? "dashed" : "solid", color: "#8aa4bd" }, itemStyle: { color: "#8aa4bd" }, markLine: { symbol: "none", label: { formatter: target.words.today }, lineStyle: { color: "#dc3a2f", type: "dotted" }, data: [{ xAxis: target.today }] } },
        { name: target.words.reported, type: "line", data: target.reported, symbolSize: 9, lineStyle: { color: "#0b5cad", width: 3 }, itemStyle: { color: "#0b5cad" } },
        ...(target.measured.length ? [{ name: target.words.measured, type: "line", data: target.measured, symbolSize: 9, lineStyle: { color: "#1a7f4b", width: 3 }, itemStyle: { color: "#1a7f4b" } }] : []),
      ],
    });
  }
}
window.addEventListener("load", drawAll);
window.addEventListener("resize", () => document.querySelectorAll(".chart").forEach((place) => window.echarts?.getInstanceByDom(place)?.resize()));
document.addEventListener("htmx:afterSettle", drawAll);
