// Node programs in processes of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

// The coverage of these processes would be that of what tsx makes of the files.
const env = { ...process.env, NODE_V8_COVERAGE: '' };

/** Starts a program of `programs/`. */
export function start(program: string, args: readonly string[] = []) {
  return run(`spec/adapters/node/programs/${program}.ts`, args);
}

export function run(file: string, args: readonly string[] = []) {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { env });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const closed = once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  return {
    child,
    closed,
    get errors() {
      return errors;
    },
    /** The next line that it prints. */
    async line(): Promise<string> {
      const { value } = (await lines.next()) as { value: string | undefined };
      return value ?? `(over) ${errors}`;
    },
  };
}
