/**
 * Runs the simulator, which is a program of its own that knows nothing of this one: it starts when it is loaded and
 * reads the command line, so it is left the part of the line that is meant for it.
 */
export async function runSimulator(args: readonly string[]): Promise<void> {
  process.argv = [...process.argv.slice(0, 2), ...args];
  await import('../../simulator/main.ts');
}
