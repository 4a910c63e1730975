// `npm run play`: bundles the page and serves it on this machine alone. PORT sets the port; without it a free one is taken.
import { cpSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';
import { diagrams } from '../diagrams/read.js';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const outdir = 'build/playground';
mkdirSync(outdir, { recursive: true });
cpSync('playground/index.html', `${outdir}/index.html`);
const page = await context({
  entryPoints: {
    main: 'playground/main.ts',
    worker: 'playground/worker.ts',
    style: 'playground/style.css',
    diagrams: 'diagrams/diagrams.css',
  },
  outdir,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: 'inline',
  define: { DIAGRAMS: JSON.stringify(diagrams()) },
  logLevel: 'warning',
});
const port = process.env.PORT === undefined ? {} : { port: Number(process.env.PORT) };
try {
  const served = await page.serve({ servedir: outdir, host: '127.0.0.1', ...port });
  console.log(`playground: http://127.0.0.1:${served.port}/   (Ctrl+C stops it)`);
} catch (error) {
  console.error(`Cannot serve on port ${process.env.PORT}: ${(error as Error).message}`);
  console.error('Without PORT, the playground takes one that is free.');
  process.exit(1);
}
