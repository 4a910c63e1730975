// Compiles what users write against the packed tarball, with the compilers that they have: as ESM, as CommonJS and for a
// bundler, with every declaration checked (skipLibCheck: false) and no more than ES2022 and the DOM to build upon.
// The recipes for frameworks are compiled against these.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryPoints } from './entry-points.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const dir = 'build/consumers';
const compilers = ['5.4', '5.9', '6', '7'];

/** These run in Node alone, and build upon its types too. */
const forNode = entryPoints.filter(({ subpath }) => ['./node', './grpc'].includes(subpath));
/** With the declarations of pg, which need TypeScript 5.7 themselves. */
const forPg = entryPoints.filter(({ subpath }) => subpath === './pg');

/** These need peers of their own, which are installed with the exact version that the specs have. */
const withPeers = Object.entries({
  './connect': ['@connectrpc/connect', '@bufbuild/protobuf'],
}).map(([subpath, peers]) => ({ subpath, peers }));
const needsPeers = (/** @type {string} */ subpath) => withPeers.some((one) => one.subpath === subpath);
const everywhere = entryPoints.filter(
  (door) => !forNode.includes(door) && !forPg.includes(door) && !needsPeers(door.subpath),
);

const strict = {
  target: 'ES2022',
  lib: ['ES2022', 'DOM'],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
};
const byNode = { module: 'NodeNext', moduleResolution: 'NodeNext' };
const byBundler = { module: 'ESNext', moduleResolution: 'bundler' };
const framework = { ...byBundler, experimentalDecorators: true, skipLibCheck: true };

/**
 * What one compiler is given.
 *
 * @typedef {object} Project
 * @property {string} name
 * @property {readonly string[]} [only] the compilers that it is for
 * @property {string} [by] a compiler around that one
 * @property {object} options
 * @property {Record<string, string>} files
 */

const library = readFileSync('spec/consumers/library.ts', 'utf8');
const all = everywhere.map(({ specifier }, index) => `export * as entry${index} from '${specifier}';\n`).join('');
const inPg = forPg.map(({ specifier }) => `export * from '${specifier}';\n`).join('');
const inNode = forNode.map(({ specifier }, index) => `export * as entry${index} from '${specifier}';\n`).join('');
const angular = ['core', 'common'].map((name) => `@angular/${name}`);
const nest = ['common', 'core'].map((name) => `@nestjs/${name}`);

/** @type {Project[]} */
const projects = [
  {
    name: 'ESM and CommonJS',
    options: byNode,
    files: { 'library.mts': library, 'library.cts': library, 'doors.mts': all, 'doors.cts': all },
  },
  { name: 'bundler', options: byBundler, files: { 'library.ts': library, 'doors.ts': all } },
  ...(forNode.length === 0
    ? []
    : [
        {
          name: 'Node alone',
          options: { ...byNode, types: ['node'] },
          files: { 'doors.mts': inNode, 'doors.cts': inNode },
        },
      ]),
  {
    name: 'PostgreSQL',
    only: ['5.9', '6', '7'],
    options: { ...byNode, types: ['node'] },
    files: { 'doors.mts': inPg, 'doors.cts': inPg },
  },
  {
    name: 'Angular component and its template',
    only: ['5.9'], // Angular 20 is for that one
    by: '@angular/compiler-cli/bundles/src/bin/ngc.js',
    options: framework,
    files: { 'component.ts': recipe('An Angular component') },
  },
  {
    name: 'NestJS interceptor',
    only: ['5.9', '6'],
    options: { ...framework, types: ['node'] },
    files: { 'interceptor.ts': recipe('A NestJS interceptor') },
  },
];

/**
 * Compiled last, when those peers are there: all others have to do without.
 *
 * @type {Project[]}
 */
const projectsWithPeers = withPeers.map(({ subpath }) => {
  const door = `export * from 'rxjs-ctx${subpath.slice(1)}';\n`;
  // Their declarations are not ours to check.
  const options = { ...byNode, skipLibCheck: true };
  return { name: `with the peers of ${subpath}`, options, files: { 'doors.mts': door, 'doors.cts': door } };
});

/**
 * The program of a recipe.
 *
 * @param {string} title
 */
function recipe(title) {
  const section = readFileSync('docs/recipes.md', 'utf8')
    .split(/^## /m)
    .find((text) => text.startsWith(`${title}\n`));
  const code = /^```ts.*\n([^]*?)^```/m.exec(section ?? '')?.[1];
  if (code === undefined) throw new Error(`docs/recipes.md has no program under "${title}"`);
  return code;
}

/**
 * @param {string} version
 * @param {Project} project
 */
function compile(version, { name, by = `typescript-${version}/bin/tsc`, options, files }) {
  const folder = `${dir}/${version} ${name}`;
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(`${folder}/${file}`, text);
  const config = {
    compilerOptions: { ...strict, ...options },
    angularCompilerOptions: { strictTemplates: true },
    files: Object.keys(files),
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config, null, 2));
  const compiler = `${dir}/node_modules/${by}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  console.log(`${status === 0 ? 'compiles' : 'FAILS   '}  TypeScript ${version}, ${name}`);
  if (status !== 0) console.error(stdout + stderr);
  return status === 0;
}

rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });
writeFileSync(`${dir}/package.json`, '{ "private": true }\n');
const packed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', dir], { encoding: 'utf8' });
const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('[\n')));
/** @param {string[]} packages */
function install(...packages) {
  const flags = ['--no-package-lock', '--no-audit', '--no-fund', '--silent', '--force'];
  execFileSync('npm', ['install', ...flags, ...packages], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** @param {string[]} names */
const exact = (names) => names.map((name) => `${name}@${devDependencies[name]}`);

install(
  path.resolve(dir, filename),
  ...exact(['rxjs', '@types/node', 'pg', '@types/pg', 'reflect-metadata', ...angular, ...nest]),
  ...compilers.map((version) => `typescript-${version}@npm:typescript@${version}`),
  ...['compiler', 'compiler-cli'].map((name) => `@angular/${name}@${devDependencies['@angular/core']}`),
  'typescript@5.9', // which Angular's compiler is built upon
);

/** @param {Project[]} some */
const compileAll = (some) =>
  some.flatMap((project) => (project.only ?? compilers).map((version) => compile(version, project)));

const results = compileAll(projects);
install(...exact(withPeers.flatMap(({ peers }) => peers)));
results.push(...compileAll(projectsWithPeers));
if (results.includes(false)) process.exit(1);
