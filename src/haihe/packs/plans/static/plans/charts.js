// Charts of the ledger pages. Data comes from json_script blocks; charts are drawn again when a live part was replaced.
const COLOURS = { met: "#146c3e", on_track: "#2fa866", at_risk: "#f0a020", late: "#dc3a2f", no_data: "#b6c0ca" };
const STATE_COLOURS = { closed: "#a9bccd", reported: "#8d6fd1", under_way: "#3d8ad6", to_accept: "#a8d0f5", amber: "#f0a020", late: "#dc3a2f" };
const read = (id) => { const block = document.getElementById(id); return block && JSON.parse(block.textContent); };
const font = { fontFamily: getComputedStyle(document.documentElement).fontFamily, color: "#17212b", fontSize: 13 };
const quiet = { axisLabel: { color: "#465461", fontSize: 12 }, axisLine: { lineStyle: { color: "#c5ced7" } }, axisTick: { show: false }, splitLine: { lineStyle: { color: "#e6ebf0" } } };
const legend = { bottom: 0, itemWidth: 12, itemHeight: 12, itemGap: 14, textStyle: { color: "#465461" } };
const isNarrow = () => window.innerWidth < 640;

function draw(id, option) {
  const place = document.getElementById(id);
  if (!place || !window.echarts) return null;
  const chart = echarts.getInstanceByDom(place) || echarts.init(place, null, { renderer: "svg" });
  chart.setOption({ textStyle: font, animation: false, aria: { enabled: false }, ...option });
  return chart;
}

function drawStanding(data) {
  const all = data.standing.reduce((sum, row) => sum + row.value, 0);
  draw("chart-standing", {
    tooltip: {}, legend: { ...legend, formatter: (name) => `${name} ${data.standing.find((row) => row.name === name).value}` },
    grid: { left: 0, right: 0, top: 4, height: 32 }, xAxis: { type: "value", max: all, show: false }, yAxis: { type: "category", data: [""], show: false },
    series: data.standing.filter((row) => row.value).map((row) => ({ name: row.name, type: "bar", stack: "all", barWidth: 30, data: [row.value], itemStyle: { color: COLOURS[row.key], borderColor: "#fff", borderWidth: 1 } })),
  });
}

function drawUnits(data) {
  const { names, ...counts } = data.units;
  const series = Object.entries(counts).filter(([, values]) => values.some(Boolean)).map(([key, values]) => ({ name: data.words[key], type: "bar", stack: "all", data: values, itemStyle: { color: STATE_COLOURS[key] }, barMaxWidth: 16 }));
  const chart = draw("chart-units", {
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" } }, legend, grid: { left: 4, right: 16, top: 4, bottom: isNarrow() ? 64 : 48, containLabel: true },
    xAxis: { type: "value", minInterval: 1, ...quiet }, yAxis: { type: "category", inverse: true, data: names, ...quiet, axisLabel: { ...quiet.axisLabel, width: isNarrow() ? 110 : 170, overflow: "truncate" } }, series,
  });
  chart?.off("click");
  chart?.on("click", (event) => { location.href = `/board/?unit=${encodeURIComponent(event.name)}`; });
}

function drawLate(data) {
  draw("chart-late", {
    tooltip: { trigger: "axis", valueFormatter: (value) => `${value} ${data.words.tasks}` }, legend: { ...legend, data: [data.words.late_now, data.words.late_ahead], type: "plain" },
    grid: { left: 4, right: 20, top: 24, bottom: 40, containLabel: true }, xAxis: { type: "time", ...quiet, splitLine: { show: false } }, yAxis: { type: "value", minInterval: 1, ...quiet },
    series: [
      { name: data.words.late_now, type: "line", step: "end", data: data.late.past, symbol: "none", lineStyle: { color: "#dc3a2f", width: 2.5 }, areaStyle: { color: "#dc3a2f", opacity: 0.1 }, itemStyle: { color: "#dc3a2f" }, markLine: { symbol: "none", silent: true, label: { formatter: data.words.today, color: "#465461" }, lineStyle: { color: "#5d6b78", type: "dotted" }, data: [{ xAxis: data.late.ahead[0][0] }] } },
      { name: data.words.late_ahead, type: "line", step: "end", data: data.late.ahead, symbol: "none", lineStyle: { color: "#dc3a2f", width: 1.5, type: "dashed" }, itemStyle: { color: "#dc3a2f" } },
    ],
  });
}

function drawTarget(target) {
  const points = target.trajectory.map(([day, value, assumed]) => ({ value: [day, value], symbol: assumed ? "emptyCircle" : "circle" }));
  const line = (name, data, color) => ({ name, type: "line", data, symbol: "circle", symbolSize: 9, lineStyle: { color, width: 3 }, itemStyle: { color } });
  draw("chart-target", {
    tooltip: { trigger: "axis", valueFormatter: (value) => (value == null ? "" : `${Number(value).toLocaleString()} ${target.unit}`) }, legend,
    grid: { left: 4, right: 24, top: 40, bottom: 44, containLabel: true }, xAxis: { type: "time", ...quiet, splitLine: { show: false } }, yAxis: { type: "value", name: target.unit, nameTextStyle: { color: "#465461", align: "left" }, scale: true, ...quiet },
    series: [
      { name: target.words.trajectory, type: "line", data: points, symbolSize: 8, lineStyle: { type: target.assumption ? "dashed" : "solid", color: "#71879d", width: 2 }, itemStyle: { color: "#71879d" }, markLine: { symbol: "none", silent: true, label: { formatter: target.words.today, color: "#465461" }, lineStyle: { color: "#5d6b78", type: "dotted" }, data: [{ xAxis: target.today }, ...target.breaks.map((day) => ({ xAxis: day, lineStyle: { color: "#b26a00" }, label: { formatter: target.words.break, color: "#7a4a00", position: "insideEndTop" } }))] } },
      ...(target.projected.length ? [{ name: target.words.projected, type: "line", data: target.projected, symbol: "none", lineStyle: { color: "#b26a00", width: 2, type: "dashed" }, itemStyle: { color: "#b26a00" } }] : []),
      ...(target.reported.length ? [line(target.words.reported, target.reported, "#0b5cad")] : []),
      ...(target.measured.length ? [line(target.words.measured, target.measured, "#146c3e")] : []),
    ],
  });
}

function drawAll() {
  const data = read("charts-data");
  if (data) { drawStanding(data); drawUnits(data); drawLate(data); }
  const target = read("target-data");
  if (target) drawTarget(target);
}
window.addEventListener("load", drawAll);
window.addEventListener("resize", () => document.querySelectorAll(".chart").forEach((place) => window.echarts?.getInstanceByDom(place)?.resize()));
document.addEventListener("htmx:afterSettle", drawAll);
