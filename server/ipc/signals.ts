// Signals that our processes do not end by. They often reach the whole process group; only the supervisor acts on them.

/** Leaves all signals that would end a process to its supervisor, whose end closes its channel. */
export function leaveSignalsToSupervisor(): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const) process.on(signal, ignore);
  ignoreUserSignals();
}

/** Ignores the signals that mean nothing here. By SIGUSR1 Node would open a port on which a debugger may run any code. */
export function ignoreUserSignals(): void {
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, ignore);
}

function ignore(): void {}
