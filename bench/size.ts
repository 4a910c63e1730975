// Bytes that users download: minified by esbuild, then gzip and Brotli.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { entryPoints } from '../scripts/entry-points.mjs';

export interface Size {
  readonly what: string;
  /** Whether RxJS is in it. */
  readonly withRxjs: boolean;
  readonly min: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** What a source file adds to a bundle, RxJS external. */
export interface Share {
  readonly file: string;
  /** Minified bytes by the name of the bundle; 0 when it is not in it. */
  readonly min: Readonly<Record<string, number>>;
}

interface Bundle {
  readonly what: string;
  readonly code: string;
  readonly withRxjs?: boolean;
}

/** Contexts and the operators on streams: what came later has rows of its own, and costs nothing where it is not imported. */
const names = [
  ...['background', 'todo', 'withCancel', 'withValue', 'withoutCancel', 'withDeadline', 'withScheduler', 'withTimeout'],
  ...['withCancelOn', 'afterFunc', 'errorOf', 'throwIfDone', 'remaining', 'contextKey', 'CanceledError'],
  ...['DeadlineExceededError', 'isCanceled', 'isDeadlineExceeded', 'usingCtx', 'takeUntilCtx', 'throwOnCtx'],
  ...['withTimeoutCtx', 'withDeadlineCtx', 'ctxValue', 'switchMapCtx', 'mergeMapCtx', 'concatMapCtx', 'exhaustMapCtx'],
];
const all: Bundle = { what: 'contexts and operators', code: `export { ${names.join(', ')} } from 'rxjs-ctx'` };
const few: Bundle = { what: 'takeUntilCtx + withCancel', code: `export { takeUntilCtx, withCancel } from 'rxjs-ctx'` };

const bundlesOf = (doors: string[]): Bundle[] => [
  all,
  few,
  { what: 'usingCtx', code: `export { usingCtx } from 'rxjs-ctx'` },
  { what: 'retryCtx + retryBudget', code: `export { retryCtx, retryBudget } from 'rxjs-ctx'` },
  { what: 'hedgeCtx', code: `export { hedgeCtx } from 'rxjs-ctx'` },
  ...doors.map((door) => ({ what: door, code: `export * from '${door}'` })),
  { ...all, withRxjs: true },
  { ...few, withRxjs: true },
  { what: 'RxJS: takeUntil + Subject', code: `export { takeUntil, Subject } from 'rxjs'`, withRxjs: true },
  { what: 'abort-controller-x', code: `export * from 'abort-controller-x'`, withRxjs: true },
  { what: 'cancellationtoken', code: `export { default } from 'cancellationtoken'`, withRxjs: true },
];

const small = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
  logLevel: 'error',
} as const;

/** Of what is in `dist` one file for all, whose parts only the sources tell apart. */
export async function shares(): Promise<Share[]> {
  const lib = path.join(import.meta.dirname, '../lib');
  const min: Record<string, Record<string, number>> = {};
  for (const { what, code } of [all, few]) {
    const { metafile } = await build({
      stdin: { contents: code.replace('rxjs-ctx', './index.ts'), resolveDir: lib },
      absWorkingDir: lib,
      external: ['rxjs'],
      metafile: true,
      ...small,
    });
    for (const { inputs } of Object.values(metafile.outputs)) {
      for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
        if (bytesInOutput > 0) min[file] = { ...min[file], [what]: bytesInOutput };
      }
    }
  }
  return Object.entries(min)
    .map(([file, by]) => ({ file, min: { [all.what]: 0, [few.what]: 0, ...by } }))
    .sort((a, b) => b.min[all.what]! - a.min[all.what]!);
}

/** What stands in for parts of the library in a bundle that has only the rest. */
const stubs: Readonly<Record<string, string>> = {
  'core/foreign': `export const toInternal = (ctx) => ctx; export const isContext = () => true; ${zeros('isSignal', 'newForeignNode')}`,
  'core/invalidArgument': 'export const invalidArgument = () => new TypeError();',
  'core/key': 'export const checkKey = () => {}; export const contextKey = (name) => ({ name });',
  'core/deadline': zeros(
    ...['withDeadline', 'withScheduler', 'withTimeout', 'remaining', 'durationOf', 'timeOf'],
    ...['newLimited', 'outlasts', 'deadlineBefore', 'delayUntil'],
  ),
  'core/link': zeros('withCancelOn', 'linkTo', 'contextSource', 'signalSource', 'eventSource', 'dropSource'),
  'adapters/withCancelOn': zeros('withCancelOn'),
};

function zeros(...names: string[]): string {
  return `export const ${names.join(' = 0, ')} = 0;`;
}

/** The two bundles without what the contract asks for beyond a tree that can be canceled and operators on it: brotli, by name. */
export async function floors(): Promise<Record<string, number>> {
  const lib = path.join(import.meta.dirname, '../lib');
  const entries = [all, few].map(async ({ what, code }) => {
    const { outputFiles } = await build({
      stdin: { contents: code.replace('rxjs-ctx', './index.ts'), resolveDir: lib },
      external: ['rxjs'],
      plugins: [
        {
          name: 'stubs',
          setup(plugin) {
            plugin.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
              const contents = stubs[path.relative(lib, file).replaceAll('\\', '/').replace(/\.ts$/, '')];
              return contents === undefined ? undefined : { contents, loader: 'js' };
            });
          },
        },
      ],
      ...small,
    });
    return [what, brotliCompressSync(outputFiles[0]!.contents).length] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** @param resolveDir where `rxjs-ctx` is what is to be measured: in `dist` */
export async function sizes(resolveDir: string): Promise<Size[]> {
  const doors = entryPoints
    .filter(({ subpath, module }) => subpath !== '.' && existsSync(path.join(resolveDir, `dist/esm/${module}.js`)))
    .map(({ specifier }) => specifier);
  return Promise.all(
    bundlesOf(doors).map(async ({ what, code, withRxjs = false }) => {
      const { outputFiles } = await build({
        stdin: { contents: code, resolveDir },
        tsconfigRaw: {}, // its paths lead to lib; without them the name leads to dist
        external: ['node:*', ...(withRxjs ? [] : ['rxjs', 'rxjs/*'])],
        ...small,
      });
      const bytes = outputFiles[0]!.contents;
      return {
        what,
        withRxjs,
        min: bytes.length,
        gzip: gzipSync(bytes, { level: 9 }).length,
        brotli: brotliCompressSync(bytes).length,
      };
    }),
  );
}
