// Servers in processes of their own, on a free port and in a throw-away folder, as an ordinary user.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** PostgreSQL and MariaDB refuse to run as root: then they run as `nobody`. */
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;

/** A folder for one server, which is removed with the server. */
export function newFolder(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `rxjs-ctx-${name}-`));
  chmodSync(folder, 0o700);
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** Runs a command when this process is over, however it ends. */
function watch(atEnd: string): void {
  const script = `while kill -0 ${process.pid} 2>/dev/null; do sleep 0.5; done; ${atEnd}`;
  spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' }).unref();
}

/** Runs a program to its end. */
export function runTool(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, ...user, encoding: 'utf8', env: envIn(cwd) });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}

const envIn = (folder: string) => ({ PATH: process.env.PATH, HOME: folder, LC_ALL: 'C' });

export interface Daemon {
  readonly child: ChildProcess;
  readonly port: number;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly folder: string;
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  readonly env?: (port: number) => Record<string, string>;
  /** How it is told to stop at once. */
  readonly signal?: NodeJS.Signals;
}

/** Starts a server, and resolves when it takes connections. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { folder, command, signal = 'SIGTERM' } = options;
  const port = await freePort();
  const env = { ...envIn(folder), ...options.env?.(port) };
  const child = spawn(command, options.args(port), { cwd: folder, ...user, env, stdio: ['ignore', 'pipe', 'pipe'] });
  watch(
    `kill -${signal.slice(3)} ${child.pid} 2>/dev/null; sleep 1; kill -KILL ${child.pid} 2>/dev/null; rm -rf '${folder}'`,
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const closed = once(child, 'close');
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    child,
    port,
    async stop() {
      child.kill(signal);
      await closed;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/** As `describe` where the server is here; elsewhere its specs are shown as not run. */
export function describeWith(server: string, found: string | undefined, name: string, body: () => void): void {
  if (found === undefined) console.error(`NOT RUN: ${name}: ${server} is not here (node scripts/ensure-databases.mjs)`);
  (found === undefined ? xdescribe : describe)(name, body);
}
