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

interface Bundle {
  readonly what: string;
  readonly code: string;
  readonly withRxjs?: boolean;
}

const all: Bundle = { what: 'all of rxjs-ctx', code: `export * from 'rxjs-ctx'` };
const few: Bundle = { what: 'takeUntilCtx + withCancel', code: `export { takeUntilCtx, withCancel } from 'rxjs-ctx'` };

const bundlesOf = (doors: string[]): Bundle[] => [
  all,
  few,
  { what: 'usingCtx', code: `export { usingCtx } from 'rxjs-ctx'` },
  ...doors.map((door) => ({ what: door, code: `export * from '${door}'` })),
  { ...all, withRxjs: true },
  { ...few, withRxjs: true },
  { what: 'RxJS: takeUntil + Subject', code: `export { takeUntil, Subject } from 'rxjs'`, withRxjs: true },
  { what: 'abort-controller-x', code: `export * from 'abort-controller-x'`, withRxjs: true },
  { what: 'cancellationtoken', code: `export { default } from 'cancellationtoken'`, withRxjs: true },
];

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
        bundle: true,
        minify: true,
        format: 'esm',
        target: 'es2022',
        external: ['node:*', ...(withRxjs ? [] : ['rxjs', 'rxjs/*'])],
        write: false,
        logLevel: 'error',
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
