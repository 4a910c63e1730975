// Bytes that users pay, RxJS aside: minified, gzip, Brotli. Needs `npm run build`.
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { entryPoints } from './entry-points.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const rows = [
  ...entryPoints.map(({ specifier }) => `export * from '${specifier}'`),
  `export { takeUntilCtx, withCancel } from 'rxjs-ctx'`,
];

const table = [];
for (const contents of rows) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    tsconfigRaw: {}, // its paths lead to lib; without them the name leads to dist
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    // node: for the entry points that are made for Node only
    external: ['rxjs', 'rxjs/*', 'node:*'],
    write: false,
    logLevel: 'error',
  });
  const code = Buffer.concat(outputFiles.map((file) => file.contents));
  table.push({
    code: contents,
    min: code.length,
    gzip: gzipSync(code, { level: 9 }).length,
    brotli: brotliCompressSync(code).length,
  });
}
console.table(table);
