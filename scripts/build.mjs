// dist/esm and dist/cjs: a file per door and one for what doors share, with source maps that hold the sources. Bundlers take
// these apart as they do modules: of two functions they keep 3 % more.
//
// Declarations are one per module, so that every door speaks of the same types. Both formats have the same ones: the nearest
// package.json says how they are to be read.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { entryPoints } from './entry-points.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('dist', { recursive: true, force: true });
rmSync('build/types', { recursive: true, force: true });

const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

await build({
  entryPoints: entryPoints.map(({ module }) => `lib/${module}.ts`),
  outbase: 'lib',
  outdir: 'dist/esm',
  chunkNames: 'shared-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  packages: 'external',
  target: 'es2022',
  tsconfig: 'tsconfig.build.json',
  sourcemap: 'linked',
  logLevel: 'warning',
});

// esbuild splits ESM only, so CommonJS is made of what it split.
await build({
  entryPoints: ['dist/esm/**/*.js'],
  outbase: 'dist/esm',
  outdir: 'dist/cjs',
  format: 'cjs',
  platform: 'node', // lists the exports for Node's `import` of CommonJS,
  target: 'es2022',
  sourcemap: 'linked',
  logLevel: 'warning',
});
// The nearest package.json decides: without "commonjs" Node would take these files for ES modules,
// without "sideEffects" bundlers would keep all of them.
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs", "sideEffects": false }\n');

const declarations = new Set(entryPoints.map(({ module }) => `${module}.d.ts`));
for (const file of declarations) {
  // What no door reaches is nobody's business.
  for (const [, to = ''] of readFileSync(`build/types/${file}`, 'utf8').matchAll(
    /(?:from |import\()['"](\.[^'"]+)\.js['"]/g,
  )) {
    declarations.add(path.posix.join(path.posix.dirname(file), `${to}.d.ts`));
  }
  for (const format of ['esm', 'cjs']) cpSync(`build/types/${file}`, `dist/${format}/${file}`);
}
standAlone();
console.log('built dist/esm and dist/cjs');

/**
 * The declarations of `rxjs-ctx/core` name nothing of rxjs: a copy of those of lib/core in which a context has no `done$`. They
 * are the same functions; only what TypeScript is told of them differs.
 */
function standAlone() {
  const entry = readFileSync('build/types/core.d.ts', 'utf8');
  for (const format of ['esm', 'cjs']) {
    mkdirSync(`dist/${format}/core/types`, { recursive: true });
    mkdirSync(`dist/${format}/core/types/async`);
    writeFileSync(`dist/${format}/core.d.ts`, entry.replace(/'\.\/(core|async)\//g, asyncBelow));
    for (const file of readdirSync('build/types/core')) {
      writeFileSync(
        `dist/${format}/core/types/${file}`,
        withoutStreams(readFileSync(`build/types/core/${file}`, 'utf8')),
      );
    }
    for (const [, file] of entry.matchAll(/'\.\/async\/(\w+)\.js'/g)) {
      const text = readFileSync(`build/types/async/${file}.d.ts`, 'utf8').replaceAll("'../core/", "'../");
      writeFileSync(`dist/${format}/core/types/async/${file}.d.ts`, withoutStreams(text));
    }
  }
}

/** @type {(from: string, folder: string) => string} */
function asyncBelow(_, folder) {
  return folder === 'core' ? "'./core/types/" : "'./core/types/async/";
}

/** @param {string} text */
function withoutStreams(text) {
  const alone = text
    .replace(/^import type \{ Observable \} from 'rxjs';\n/m, '')
    .replace(/\/\*\*(?:(?!\*\/)[^])*\*\/\nexport interface Context extends [^]*?\n\}\n/, '')
    .replace(/get done\$\(\): .*;/, 'get done$(): unknown;')
    .replace(/(?<![\w'"])Context\b(?!\.js)/g, 'CoreContext')
    .replace(
      /import type \{ ([^}]*) \}/g,
      (_, names) => `import type { ${[...new Set(names.split(', '))].join(', ')} }`,
    );
  if (/from 'rxjs['/]/.test(alone)) throw new Error(`rxjs-ctx/core must name nothing of rxjs:\n${alone}`);
  return alone;
}
