// The specs against the packed tarball, in ESM and CJS, on every runtime and on the ends of the rxjs peer range; from the
// sources those in every browser that is here, and on every Node those of servers, processes and other copies of the package.
// Prints one table. What cannot be downloaded at the moment is shown as not run.
// `npm run test:matrix -- node22 bun` runs those rows alone.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { findChrome, findFirefox, findWebKit } from './browsers.mjs';
import { entryPoints } from './entry-points.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const dir = 'build/matrix';
const host = `${process.platform}-${process.arch}`;
const pkg = JSON.parse(readFileSync('package.json', 'utf8'));
const only = process.argv.slice(2);
const rxjsVersions = [pkg.peerDependencies.rxjs.replace('^', ''), '7'];
const formats = /** @type {const} */ (['esm', 'cjs']);

// A runtime is a package that holds the program for one platform.
const deno = process.platform === 'linux' ? `@deno/${process.platform}-${process.arch}-glibc` : `@deno/${host}`;
/** @type {{ name: string, spec: string, bin: string, args: string[], sources?: string[] }[]} */
const runtimes = [
  ...['20', '22', '24', 'latest'].map((version) => ({
    name: version === 'latest' ? 'node latest' : `node ${version}`,
    spec: `node-${host}@${version}`,
    bin: 'bin/node',
    args: ['--expose-gc'],
    sources: [
      'spec/adapters/{http,node}/**/*.node.spec.ts',
      'spec/adapters/*/smoke.node.spec.ts',
      'spec/interop/*.node.spec.ts',
    ],
  })),
  { name: 'bun', spec: `@oven/bun-${host}`, bin: 'bin/bun', args: [] },
  {
    name: 'deno',
    spec: deno,
    bin: 'deno',
    args: ['run', '-A', '--quiet', '--unstable-sloppy-imports', '--node-modules-dir=manual', '--v8-flags=--expose-gc'],
  },
];

const browsers = /** @type {const} */ ([
  ['chromium', 'HeadlessChromium', findChrome()],
  ['firefox', 'FirefoxHeadless', findFirefox()],
  ['webkit', 'WebKit', findWebKit()],
]);

const rowOf = (/** @type {string} */ name) => name.replace(' ', '');
const wanted = (/** @type {string} */ name) => only.length === 0 || only.includes(rowOf(name));
const rows = [...runtimes.map(({ name }) => rowOf(name)), ...browsers.map(([name]) => name)];
const unknown = only.filter((row) => !rows.includes(row));
if (unknown.length > 0) {
  console.error(`no row is called ${unknown.join(', ')}: there are ${rows.join(', ')}`);
  process.exit(2);
}

/** @param {string} cwd @param {string[]} packages */
function install(cwd, ...packages) {
  mkdirSync(cwd, { recursive: true });
  if (!existsSync(`${cwd}/package.json`)) writeFileSync(`${cwd}/package.json`, '{ "private": true }\n');
  const flags = ['--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error', '--force'];
  execFileSync('npm', ['install', ...flags, ...packages], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** @param {string} cwd @param {'esm' | 'cjs'} format */
async function bundleSpecs(cwd, format) {
  const specs = readdirSync('spec', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts') && !file.endsWith('.node.spec.ts'))
    .sort();
  const outfile = `${cwd}/specs.${format === 'esm' ? 'mjs' : 'cjs'}`;
  await build({
    stdin: {
      contents: ['support/timeouts.ts', 'support/unhandled-errors.ts', ...specs]
        .map((file) => `import './spec/${file}';`)
        .join('\n'),
      resolveDir: root,
    },
    bundle: true,
    ignoreAnnotations: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    outfile,
    external: ['rxjs', 'rxjs/*', '@connectrpc/*', '@bufbuild/*', pkg.name, `${pkg.name}/*`],
    tsconfigRaw: '{}',
    logLevel: 'warning',
    plugins: [
      {
        name: 'the package instead of the sources',
        setup({ onResolve }) {
          onResolve({ filter: /^\..*\/lib\// }, ({ path: to, resolveDir }) => {
            const module = path.relative(path.join(root, 'lib'), path.resolve(resolveDir, to)).replace(/\.js$/, '');
            const door = entryPoints.find((entry) => entry.module === module);
            return door === undefined
              ? { errors: [{ text: `lib/${module} is no door: the package has no such file` }] }
              : { path: door.specifier, external: true };
          });
        },
      },
    ],
  });
  if (format === 'cjs') {
    // As a compiler makes it: straight from these files, in an ESM package, `import *` would be given a `default` besides.
    const { code } = await transform(readFileSync(outfile, 'utf8'), { format, platform: 'node' });
    writeFileSync(outfile, code);
  }
  const config = `${cwd}/jasmine-${format}.json`;
  const env = { random: true, forbidDuplicateNames: true, failSpecWithNoExpectations: true };
  writeFileSync(config, JSON.stringify({ spec_dir: cwd, spec_files: [path.basename(outfile)], env }));
  return config;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {RegExp} summary has the groups `specs` and `failures`
 * @param {Record<string, string>} [env]
 */
async function run(command, args, summary, env) {
  const start = Date.now();
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  const { specs, failures = '0' } = [...output.matchAll(summary)].at(-1)?.groups ?? {};
  const ok = code === 0 && Number(specs) > 0 && failures === '0';
  if (!ok) console.error(output.slice(-20_000));
  return {
    ok,
    text: ok ? `${specs} ok, ${Math.round((Date.now() - start) / 1000)} s` : `FAILED ${failures ?? ''}`.trim(),
  };
}

rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });
writeFileSync(`${dir}/tsconfig.json`, '{}\n'); // or Bun would take the paths of ours, and with them the sources
const tarball = path.resolve(
  dir,
  JSON.parse(
    execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', dir], { encoding: 'utf8' }).replace(
      /^[^[{]*/,
      '',
    ),
  )[0].filename,
);

/** @type {{ name: string, config: string }[]} */
const columns = [];
for (const version of rxjsVersions) {
  const cwd = `${dir}/rxjs-${version}`;
  // The peers that specs need which run everywhere.
  const peers = ['jasmine', 'hono', '@hono/node-server', '@connectrpc/connect', '@bufbuild/protobuf'];
  install(cwd, `rxjs@${version}`, tarball, ...peers.map((name) => `${name}@${pkg.devDependencies[name]}`));
  const exact = JSON.parse(readFileSync(`${cwd}/node_modules/rxjs/package.json`, 'utf8')).version;
  for (const format of formats)
    columns.push({ name: `rxjs ${exact} ${format}`, config: await bundleSpecs(cwd, format) });
}

/** @type {Record<string, Record<string, string>>} */
const table = {};
let failed = false;
/** @type {string[]} */
const missing = [];

for (const { name, spec, bin, args, sources } of runtimes.filter((runtime) => wanted(runtime.name))) {
  /** @type {Record<string, string>} */
  const row = (table[name] = {});
  const cwd = `${dir}/${rowOf(name)}`;
  try {
    install(cwd, spec);
  } catch (error) {
    const [reason] = String(/** @type {any} */ (error).stderr || error).split('\n');
    missing.push(`${name}: ${spec} could not be downloaded: ${reason}`);
    for (const column of columns) row[column.name] = 'not run';
    if (sources !== undefined) row.sources = 'not run';
    continue;
  }
  const program = path.resolve(cwd, 'node_modules', spec.replace(/(?<=.)@[^@/]*$/, ''), bin);
  const jasmine = 'node_modules/jasmine/bin/jasmine.js';
  const runs = columns.map(({ name, config }) => ({
    column: name,
    args: [`${path.dirname(config)}/${jasmine}`, `--config=${config}`],
  }));
  if (sources !== undefined) {
    const config = '--config=spec/support/jasmine.mjs';
    runs.push({ column: 'sources', args: ['--import', 'tsx', jasmine, config, ...sources] });
  }
  for (const { column, args: specs } of runs) {
    const summary = /(?<specs>\d+) specs?, (?<failures>\d+) failures?/g;
    const { ok, text } = await run(program, [...args, ...specs], summary);
    row[column] = text;
    failed ||= !ok;
    console.log(`${name}, ${column}: ${text}`);
  }
}

for (const [name, browser, found] of browsers) {
  if (!wanted(name)) continue;
  if (found === undefined) {
    missing.push(`${name}: not installed`);
    table[name] = { sources: 'not run' };
    continue;
  }
  const { ok, text } = await run(
    process.execPath,
    ['node_modules/karma/bin/karma', 'start', 'karma.conf.js'],
    /Executed (?<specs>\d+) of \d+(?: \(?(?<failures>\d+) FAILED)?/g,
    { KARMA_BROWSERS: browser },
  );
  table[name] = { sources: text };
  failed ||= !ok;
  console.log(`${name}, sources: ${text}`);
}

console.table(table);
for (const line of missing) console.log(`NOT RUN: ${line}`);
if (failed) process.exit(1);
