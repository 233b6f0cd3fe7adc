// An area or a road drawn on the map, point by point. What is drawn goes with the form as GeoJSON (its field `drawn`); points can be moved
// until it is sent. Terra Draw does the drawing (vendor/terra-draw.js and its adapter, which leave these two names).
/* global terraDraw, terraDrawMaplibreGlAdapter */
const KM_PER_DEGREE = 111.195;
export const COLOURS = { permitted: "#0b7a4b", forbidden: "#d3271b" };

// Square kilometres or kilometres on the plane through the first point: good enough to see that it is not ten times too large.
function size({ type, coordinates }) {
  const [ring, unit] = type === "Polygon" ? [coordinates[0], "km²"] : [coordinates, "km"];
  const scale = Math.cos((ring[0][1] * Math.PI) / 180) * KM_PER_DEGREE;
  const flat = ring.map(([x, y]) => [x * scale, y * KM_PER_DEGREE]);
  const steps = flat.slice(1).map(([x, y], n) => (type === "Polygon" ? (flat[n][0] * y - x * flat[n][1]) / 2 : Math.hypot(x - flat[n][0], y - flat[n][1])));
  const total = Math.abs(steps.reduce((sum, each) => sum + each, 0));
  return `${total.toPrecision(total < 1 ? 2 : 3)} ${unit}`;
}

export function drawFor(form, map, bar) {
  const field = form.elements.drawn, said = form.querySelector("[data-drawn]"), hint = bar.querySelector("[role=status]");
  const colour = () => COLOURS[form.elements.mode.value];
  const points = { feature: { coordinates: { midpoints: true, draggable: true, deletable: true } } };
  const { TerraDraw, TerraDrawLineStringMode, TerraDrawModeUndoRedo, TerraDrawPolygonMode, TerraDrawSelectMode } = terraDraw;
  const outline = { fillColor: colour, fillOpacity: 0.18, outlineColor: colour, outlineWidth: 3, selectedPolygonColor: colour, selectedPolygonOutlineColor: colour };
  const road = { lineStringColor: colour, lineStringWidth: 4, selectedLineStringColor: colour, selectedLineStringWidth: 4 };
  const draw = new TerraDraw({
    adapter: new terraDrawMaplibreGlAdapter.TerraDrawMapLibreGLAdapter({ map }),
    modes: [
      new TerraDrawPolygonMode({ styles: outline }), new TerraDrawLineStringMode({ styles: road }),
      new TerraDrawSelectMode({ flags: { polygon: points, linestring: points }, styles: { ...outline, ...road } }),
    ],
    undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
  });
  draw.start();

  const drawn = () => draw.getSnapshot().find(({ geometry }) => geometry.type !== "Point")?.geometry;
  const drop = () => {
    draw.setMode("static");
    draw.clear();
    field.value = said.textContent = "";
    bar.hidden = true;
  };
  const keep = () => {
    const geometry = drawn();
    field.value = JSON.stringify({ type: "Feature", properties: {}, geometry });
    said.textContent = `${said.dataset.drawn} ${size(geometry)}`;
  };
  draw.on("finish", (id, { action }) => {
    keep();
    if (action !== "draw") return;
    bar.querySelectorAll("[data-while]").forEach((each) => { each.hidden = true; });
    hint.textContent = hint.dataset.done;
    draw.setMode("select");
    draw.selectFeature(id);
  });

  const start = (kind) => {
    drop();
    form.elements.outline.value = form.elements.file.value = "";
    bar.querySelectorAll("[data-while]").forEach((each) => { each.hidden = false; });
    bar.hidden = false;
    hint.textContent = hint.dataset[kind];
    draw.setMode(kind);
    map.getContainer().scrollIntoView({ block: "center", behavior: "smooth" });
  };
  form.querySelectorAll("[data-draw]").forEach((button) => button.addEventListener("click", () => start(button.dataset.draw)));
  const does = {
    undo: () => draw.undo(),
    // As the Enter key does, which a phone has not.
    finish: () => map.getCanvas().dispatchEvent(new KeyboardEvent("keyup", { key: "Enter" })),
    drop,
  };
  bar.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => does[button.dataset.do]()));
  // Whatever else is chosen takes the place of what was drawn.
  for (const other of [form.elements.outline, form.elements.file]) other.addEventListener("change", () => { if (other.value) drop(); });
}
