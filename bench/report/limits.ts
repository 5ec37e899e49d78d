// Limits of the benchmark, printed in every report.

export const limits: readonly string[] = [
  'Everything runs on one machine and over loopback: there is no network card, no distance and no loss, and the load processes take CPU from what they measure.',
  'On a machine that others share, latency beyond the median shows the machine as much as the contender; CPU per frame, a ratio within one round, is the figure to trust.',
  'Latency counts from the intended time, so how late the sender was is a part of it, for every contender alike; it is listed, and a run with a late sender is left out and said.',
  'Timers and sleeps are exact to about 0.1 ms: a difference below the noise floor (direct against direct) means nothing.',
  'A frame counts when its last byte has been read by the receiving process, not when the network has it.',
  'Percentiles of a difference are differences of percentiles in the same round, not percentiles of what single frames lost.',
  'Every contender is configured as its own documentation says, with one thread or worker; peers can be tuned further, and do more than forward.',
  'CPU and memory of a contender are those of its whole process tree, so a gateway with a supervisor pays for it here.',
  'The intervals are bootstraps over few rounds of one run: they say nothing about another machine or another day.',
];
