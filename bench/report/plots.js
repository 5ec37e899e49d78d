// Runs in the report's page, after uPlot: draws every plot of the data into its place.

const COLOURS = '#111 #d1410c #1668dc #159570 #8a4fd0 #b8860b #d02670 #5b6770 #0f8a8a #999'.split(' ');

function draw({ x, y, series }, place) {
  const isLinear = x.scale === 'linear';
  const nameOf = (value) => (x.scale === 'percentile' ? percentile(value) : number(value));
  new uPlot(
    {
      width: Math.min(1100, place.clientWidth - 16),
      height: 340,
      scales: {
        x: { time: false, distr: isLinear ? 1 : 3 },
        y: { distr: y.scale === 'log' ? 3 : 1 },
      },
      axes: [
        { label: x.label, values: (_, ticks) => ticks.map(nameOf) },
        { label: y.label, size: 70, values: (_, ticks) => ticks.map(number) },
      ],
      series: [
        { label: x.label, value: (_, step) => nameOf(step) },
        ...series.map(({ name }, index) => ({
          label: name,
          stroke: COLOURS[index % COLOURS.length],
          dash: index >= COLOURS.length ? [6, 4] : undefined,
          width: 1.5,
          points: { show: x.values.length < 12 },
          value: (_, value) => number(value),
        })),
      ],
    },
    [x.values, ...series.map(({ values }) => values)],
    place,
  );
}

/** 100 -> p99 */
const percentile = (step) =>
  step === null ? '' : step <= 1 ? 'p0' : `p${Number((100 * (1 - 1 / step)).toPrecision(step < 1000 ? 3 : 4))}`;

const number = (value) => (value === null ? '' : String(Number(value.toPrecision(3))));

const plots = JSON.parse(document.getElementById('plots').textContent);
for (const place of document.querySelectorAll('[data-plot]')) draw(plots[Number(place.dataset.plot)], place);
