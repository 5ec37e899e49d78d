// Draws bars on a canvas at the screen's own resolution, in the colours of the style sheet.

/** Sizes the canvas to its box and clears it; undefined while it has no box. Coordinates are CSS pixels. */
export function prepareCanvas(
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

/** Draws a bar around the middle; a quiet one stays visible as a dot. */
export function drawBar(
  g: CanvasRenderingContext2D,
  x: number,
  peak: number,
  box: { width: number; height: number },
): void {
  // Speech is low in the linear range: the square root spreads it.
  const length = Math.max(1.5, Math.sqrt(Math.min(1, peak)) * (box.height - 2));
  g.fillRect(x, (box.height - length) / 2, box.width, length);
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
