// Signals that our processes do not end by. They often reach the whole process group; only the supervisor acts on them.

/** Leaves all signals that would end a process to its supervisor, whose end closes its channel. */
export function leaveSignalsToSupervisor(): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, ignore);
  ignoreDebugger();
}

/** Ignores the signal by which Node would open a port on which a debugger may run any code. */
export function ignoreDebugger(): void {
  process.on('SIGUSR1', ignore);
}

function ignore(): void {}
