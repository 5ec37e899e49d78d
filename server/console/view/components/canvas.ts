// Draws bars on a canvas at the screen's own resolution, in the colours of the style sheet.

const barWidth = 2;

/** A canvas that is ready to be drawn on. Coordinates are CSS pixels. */
interface Drawing {
  readonly g: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Sizes the canvas to its box and clears it; undefined while it has no box. */
export function prepareCanvas(canvas: HTMLCanvasElement): Drawing | undefined {
  const { clientWidth: width, clientHeight: height } = canvas;
  const g = canvas.getContext('2d');
  if (g === null || width === 0 || height === 0) return undefined;
  const ratio = window.devicePixelRatio || 1;
  const [pixelsWide, pixelsHigh] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelsWide || canvas.height !== pixelsHigh) {
    canvas.width = pixelsWide;
    canvas.height = pixelsHigh;
  }
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return { g, width, height };
}

/** Draws a bar around the middle; a quiet one stays visible as a dot. */
export function drawBar({ g, height }: Drawing, x: number, peak: number): void {
  // Speech is low in the linear range: the square root spreads it.
  const length = Math.max(1.5, Math.sqrt(Math.min(1, peak)) * (height - 2));
  g.fillRect(x, (height - length) / 2, barWidth, length);
}

/** Calls `draw` with every animation frame, or twice a second where reduced motion is preferred. Returns what stops it. */
export function everyFrame(draw: () => void): () => void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    const timer = setInterval(draw, 500);
    return () => clearInterval(timer);
  }
  let frame = requestAnimationFrame(function next() {
    draw();
    frame = requestAnimationFrame(next);
  });
  return () => cancelAnimationFrame(frame);
}
