// The gateway's side of a backend: starts the thread, and stops it.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { fromEvent, type Observable } from 'rxjs';
import { afterFunc, type Context } from 'rxjs-ctx';
import { Counters } from '../counters.js';
import { backendNames, type BackendName, type Stop } from '../protocol.js';
import type { BackendData } from './worker.js';

export interface Backend {
  readonly from: BackendName;
  readonly url: string;
  readonly counters: Counters;
  /** What it says when it stops early. */
  readonly stops$: Observable<Stop>;
}

/** Starts the three backends, each in a thread of its own. They run until ctx is done. */
export async function startBackends(ctx: Context): Promise<readonly Backend[]> {
  // In one piece, because a thread does not take over the loader that compiles TypeScript here.
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['sql.js'],
    sourcemap: 'inline',
    sourcesContent: false,
    write: false,
  });
  const code = outputFiles[0]!.text;
  return Promise.all(backendNames.map((from) => startBackend(ctx, from, code)));
}

async function startBackend(ctx: Context, from: BackendName, code: string): Promise<Backend> {
  const counters = new Counters();
  const workerData: BackendData = { from, memory: counters.memory };
  const worker = new Worker(code, { eval: true, workerData, execArgv: ['--enable-source-maps'], name: from });
  afterFunc(ctx, () => worker.postMessage('stop'));

  const [port] = (await once(worker, 'message')) as [number];
  // Then its calls fail, and the others go on.
  worker.on('error', (error) => console.error(`${from} has crashed:`, error));
  return { from, url: `http://127.0.0.1:${port}`, counters, stops$: fromEvent(worker, 'message') as Observable<Stop> };
}
