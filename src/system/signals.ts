/**
 * Aborts on SIGTERM, SIGINT or SIGHUP of the terminal. A second signal ends the process at once, unless it is `patient`: then it must be
 * left to finish its cleaning up.
 */
export function onStopSignal({isPatient = false} = {}): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted && !isPatient) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
