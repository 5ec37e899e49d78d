// Bars on a canvas at the screen's own resolution, in the colours of the style sheet.

/** Sizes the canvas to its box; undefined while it has none. Coordinates are CSS pixels. */
export function prepare(
  canvas: HTMLCanvasElement,
): { g: CanvasRenderingContext2D; width: number; height: number } | undefined {
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

/** A bar around the middle; quiet ones stay visible as a dot. */
export function drawBar(
  g: CanvasRenderingContext2D,
  x: number,
  peak: number,
  box: { width: number; height: number },
): void {
  // Speech sits low in the linear range: the root opens it up.
  const length = Math.max(1.5, Math.sqrt(Math.min(1, peak)) * (box.height - 2));
  g.fillRect(x, (box.height - length) / 2, box.width, length);
}

/** Repeats `draw` with every animation frame (twice a second for who wants no motion) until it is told to stop. */
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
