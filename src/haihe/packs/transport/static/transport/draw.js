// An area or a road drawn on a map, point by point, whose points can be moved afterwards. Terra Draw does the drawing (vendor/terra-draw.js
// and its adapter, which leave the two names below); what a page does with the drawing is its own affair.
/* global terraDraw, terraDrawMaplibreGlAdapter */
const KM_PER_DEGREE = 111.195;
const SMALLEST = 1e-6; // km² or km: less was no drawing but two presses at one place
export const COLOURS = { permitted: "#0b7a4b", forbidden: "#d3271b" };

// Square kilometres or kilometres on the plane through the first point: good enough to see that it is not ten times too large.
function measure({ type, coordinates }) {
  const [ring, unit] = type === "Polygon" ? [coordinates[0], "km²"] : [coordinates, "km"];
  const scale = Math.cos((ring[0][1] * Math.PI) / 180) * KM_PER_DEGREE;
  const flat = ring.map(([x, y]) => [x * scale, y * KM_PER_DEGREE]);
  const steps = flat.slice(1).map(([x, y], n) => (type === "Polygon" ? (flat[n][0] * y - x * flat[n][1]) / 2 : Math.hypot(x - flat[n][0], y - flat[n][1])));
  const total = Math.abs(steps.reduce((sum, each) => sum + each, 0));
  return { total, words: `${total.toPrecision(total < 1 ? 2 : 3)} ${unit}` };
}

function modes(colour) {
  const { TerraDrawCircleMode, TerraDrawLineStringMode, TerraDrawPolygonMode, TerraDrawRectangleMode, TerraDrawSelectMode } = terraDraw;
  const area = { fillColor: colour, fillOpacity: 0.18, outlineColor: colour, outlineWidth: 3 };
  const road = { lineStringColor: colour, lineStringWidth: 4 };
  const chosen = { selectedPolygonColor: colour, selectedPolygonOutlineColor: colour, selectedLineStringColor: colour, selectedLineStringWidth: 4 };
  const points = { feature: { coordinates: { midpoints: true, draggable: true, deletable: true } } };
  return [
    new TerraDrawPolygonMode({ styles: area }), new TerraDrawLineStringMode({ styles: road }),
    // A finger has no way between two taps: it drags.
    new TerraDrawRectangleMode({ styles: area, drawInteraction: "click-move-or-drag" }), new TerraDrawCircleMode({ styles: area, drawInteraction: "click-move-or-drag" }),
    new TerraDrawSelectMode({ flags: { polygon: points, linestring: points }, styles: chosen }),
  ];
}

// In `form`: buttons [data-draw=polygon|linestring|rectangle|circle] begin, [data-drawn] says how large it became. `bar` under the map says what
// to do and has the buttons [data-do]. `colour()`: of the drawing; `keep(feature)`: told each time it changed, with null when it is gone.
export function drawFor(form, map, bar, { colour, keep }) {
  const said = form.querySelector("[data-drawn]"), hint = bar.querySelector("[role=status]");
  const draw = new terraDraw.TerraDraw({
    adapter: new terraDrawMaplibreGlAdapter.TerraDrawMapLibreGLAdapter({ map }), modes: modes(colour),
    undoRedo: { modeLevel: new terraDraw.TerraDrawModeUndoRedo() },
  });
  const whileDrawing = (is) => bar.querySelectorAll("[data-while]").forEach((each) => { each.hidden = !is; });
  const drop = () => {
    draw.setMode("static");
    draw.clear();
    said.textContent = "";
    bar.hidden = true;
    keep(null);
  };
  draw.start();
  draw.on("finish", (id, { action }) => {
    const feature = draw.getSnapshot().find(({ geometry }) => geometry.type !== "Point");
    const { total, words } = measure(feature.geometry);
    if (total < SMALLEST) return start(feature.properties.mode);
    said.textContent = `${said.dataset.drawn} ${words}`;
    keep(feature);
    if (action !== "draw") return;
    whileDrawing(false);
    hint.textContent = hint.dataset.done;
    const isShape = ["rectangle", "circle"].includes(feature.properties.mode); // of which a moved corner would make another shape
    draw.setMode(isShape ? "static" : "select");
    if (!isShape) draw.selectFeature(id);
  });
  function start(kind) {
    drop();
    whileDrawing(true);
    bar.hidden = false;
    hint.textContent = hint.dataset[kind];
    draw.setMode(kind);
    map.getContainer().scrollIntoView({ block: "center", behavior: "smooth" });
  }
  form.querySelectorAll("[data-draw]").forEach((button) => button.addEventListener("click", () => start(button.dataset.draw)));
  const does = {
    undo: () => draw.undo(),
    // As the Enter key does, which a phone has not.
    finish: () => map.getCanvas().dispatchEvent(new KeyboardEvent("keyup", { key: "Enter" })),
    drop,
  };
  bar.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => does[button.dataset.do]()));
  return { drop };
}
