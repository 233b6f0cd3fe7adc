// Many moving marks on a map: one WebGL layer draws all of them, arrows where something drives and dots where it stands. New places are one
// buffer, without features and tiles, so that ten thousand marks cost a few milliseconds. The more crowded the view, the smaller they are.
import { MercatorCoordinate } from "../vendor/maplibre-gl.mjs";

const SMALLEST_PX = 3, LARGEST_PX = 28, ARROWS_FROM_PX = 11, LOUD_PX = 20;
const FLOATS = 7; // x, y, direction, arrow or dot, red, green, blue; a negative red: loud

const VERTEX = `#version 300 es
uniform mat4 place; uniform float size, loud;
in vec2 at; in vec2 shape; in vec3 colour;
out vec2 turn; out float arrow, pixels; out vec3 ink;
void main() {
  gl_Position = place * vec4(at, 0.0, 1.0);
  pixels = colour.r < 0.0 ? max(size, loud) : size;
  gl_PointSize = pixels;
  ink = vec3(abs(colour.r), colour.gb);
  arrow = shape.y;
  turn = vec2(cos(shape.x), sin(shape.x));
}`;
// Distances in units of a mark that reaches from -1 to 1, beyond which lies its white edge.
const FRAGMENT = `#version 300 es
precision mediump float;
uniform float arrowsFrom;
in vec2 turn; in float arrow, pixels; in vec3 ink;
out vec4 drawn;
void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.3;
  float unit = 2.3 / pixels, away;
  if (arrow > 0.5 && pixels >= arrowsFrom) {
    p = vec2(abs(turn.x * p.x + turn.y * p.y), turn.x * p.y - turn.y * p.x);
    float side = dot(p - vec2(0.0, -0.9), vec2(0.934, -0.357)), notch = dot(p - vec2(0.0, 0.45), vec2(-0.474, 0.881));
    away = max(side, notch);
  } else {
    away = length(p) - (pixels >= arrowsFrom ? 0.62 : 0.85);
  }
  float edge = min(1.6 * unit, 0.16), inside = 1.0 - smoothstep(-0.5 * unit, 0.5 * unit, away);
  float shown = 1.0 - smoothstep(edge - 0.5 * unit, edge + 0.5 * unit, away);
  if (shown < 0.01) discard;
  drawn = vec4(mix(vec3(1.0), ink, inside), 1.0) * shown;
}`;

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  return made;
}

const parts = (colour) => [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16) / 255);

export class Marks {
  id = "marks";
  type = "custom";
  renderingMode = "2d";
  #marks = [];
  #data = new Float32Array(0);
  #told = [];
  #isNew = false;

  // `colours`: state → "#rrggbb", in the order in which they are drawn over each other, the last on top; `loud`: the state that stays large.
  constructor(colours, loud) {
    this.colours = Object.entries(colours).map(([state, colour]) => [state, parts(colour)]);
    this.loud = loud;
  }

  // Marks [{ where: [longitude, latitude], heading, arrow, state }]; `drawn` is called once they are on the canvas.
  show(marks, drawn = () => {}) {
    this.#marks = marks;
    this.#told.push(drawn);
    if (this.#data.length < marks.length * FLOATS) this.#data = new Float32Array(Math.ceil(marks.length * 1.2) * FLOATS);
    let n = 0;
    for (const [state, [red, green, blue]] of this.colours) {
      for (const mark of marks) {
        if (mark.state !== state) continue;
        const { x, y } = MercatorCoordinate.fromLngLat(mark.where);
        this.#data.set([x - this.origin.x, y - this.origin.y, (mark.heading * Math.PI) / 180, mark.arrow ? 1 : 0, state === this.loud ? -red : red, green, blue], n);
        n += FLOATS;
      }
    }
    this.#isNew = true;
    this.#fit();
    this.map.triggerRepaint();
  }

  // The mark under a point (longitude and latitude), or undefined: the nearest within reach of a finger.
  under({ lng, lat }, reach_px = 14) {
    const degree_px = (512 * 2 ** this.map.getZoom()) / 360, squeeze = Math.cos((lat * Math.PI) / 180);
    let nearest, least = Math.max(reach_px, this.size / 2) / degree_px;
    for (const mark of this.#marks) {
      const away = Math.hypot(mark.where[0] - lng, (mark.where[1] - lat) / squeeze);
      if (away <= least) [nearest, least] = [mark, away];
    }
    return nearest;
  }

  // As large as the zoom wants and the crowd in view allows.
  #fit() {
    const bounds = this.map.getBounds(), { clientWidth, clientHeight } = this.map.getContainer();
    const seen = this.#marks.reduce((sum, mark) => sum + bounds.contains(mark.where), 0) || 1;
    const byZoom = 22 * Math.min(1.3, Math.max(0.8, 0.8 + (this.map.getZoom() - 9) * 0.1));
    const byCrowd = 1.1 * Math.sqrt((0.5 * clientWidth * clientHeight) / seen);
    this.size = Math.min(LARGEST_PX, byZoom, Math.max(SMALLEST_PX, byCrowd));
  }

  onAdd(map, gl) {
    this.map = map;
    this.origin = MercatorCoordinate.fromLngLat(map.getCenter()); // offsets from here keep their decimals in 32 bits
    this.program = program(gl);
    this.buffer = gl.createBuffer();
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    for (const [name, length, offset] of [["at", 2, 0], ["shape", 2, 2], ["colour", 3, 4]]) {
      const place = gl.getAttribLocation(this.program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, length, gl.FLOAT, false, 4 * FLOATS, 4 * offset);
    }
    gl.bindVertexArray(null);
    this.size = LARGEST_PX;
    map.on("moveend", () => { this.#fit(); map.triggerRepaint(); });
  }

  render(gl, { defaultProjectionData: { mainMatrix } }) {
    const m = Array.from(mainMatrix), { x, y } = this.origin;
    for (let row = 0; row < 4; row += 1) m[12 + row] += m[row] * x + m[4 + row] * y;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    if (this.#isNew) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
      gl.bufferData(gl.ARRAY_BUFFER, this.#data, gl.DYNAMIC_DRAW, 0, this.#marks.length * FLOATS);
      this.#isNew = false;
    }
    const ratio = this.map.getPixelRatio(), uniform = (name) => gl.getUniformLocation(this.program, name);
    gl.uniformMatrix4fv(uniform("place"), false, m);
    gl.uniform1f(uniform("size"), this.size * ratio);
    gl.uniform1f(uniform("loud"), Math.min(LOUD_PX, LARGEST_PX) * ratio);
    gl.uniform1f(uniform("arrowsFrom"), ARROWS_FROM_PX * ratio);
    gl.drawArrays(gl.POINTS, 0, this.#marks.length);
    gl.bindVertexArray(null);
    for (const drawn of this.#told.splice(0)) drawn();
  }
}
