/** Sends a signal to all processes of a group; one in which all have ended needs none. */
export function signalGroup(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch (error) {
    // No such group; macOS says EPERM of one in which all have ended and wait to be reaped.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
