/**
 * Node 22 says at each start that its SQLite is experimental. It has not changed since, what is used of it is tested on
 * every version that is supported, and a line that nobody can do anything about hides those that matter.
 */
export function silenceSqliteWarning(): void {
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning' && warning.message.startsWith('SQLite')) return;
    for (const print of printers) Reflect.apply(print, process, [warning]);
  });
}
