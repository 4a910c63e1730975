// What a tarball of this package must be: what is in it and nothing else, no source map that points to nothing, no import of a
// file that is not there, and small.
import path from 'node:path';

// `rxjs-ctx/core` has declarations of its own, which name nothing of rxjs: 26 files in each format.
// `rxjs-ctx/eslint` is 18 files and 15 kB of that, `rxjs-ctx/debug` 25 files and 20 kB.
// Groups, promises and async iterables are 16 files of declarations and 15 kB.
// `rxjs-ctx/connect` is 18 files and 20 kB.
// `rxjs-ctx/grpc` is 24 files and, most of it source maps, 30 kB.
// `serveCtx` and the baggage of `rxjs-ctx/http` are 12 files and 13 kB.
export const maxFiles = 292;
// More than half of the bytes are source maps with the sources in them, once a format; retries, `rxjs-ctx/pg` and the server's are the rest.
export const maxBytes = 480_000;

const expected = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/(cjs\/package\.json|.+\.(js|js\.map|d\.ts)))$/;

/**
 * @typedef {object} Tarball
 * @property {string[]} files
 * @property {number} bytes packed
 * @property {(file: string) => string} read
 *
 * @param {Tarball} tarball
 * @returns {string[]} what is wrong with it
 */
export function faultsOf({ files, bytes, read }) {
  const pkg = JSON.parse(read('package.json'));
  const holds = (/** @type {string} */ file) => files.includes(path.posix.normalize(file));
  return [
    ...(files.length < maxFiles ? [] : [`${files.length} files: they must be under ${maxFiles}`]),
    ...(bytes < maxBytes ? [] : [`${bytes} bytes: they must be under ${maxBytes}`]),
    ...['LICENSE', 'README.md'].filter((file) => !holds(file)).map((file) => `${file} is missing`),
    ...files
      .filter((file) => !expected.test(file) || /\bspec\b/.test(file))
      .map((file) => `${file} does not belong into the package`),
    ...files.filter((file) => file.endsWith('.js')).flatMap((file) => sourceMapFaults(file, holds, read)),
    ...files.filter((file) => /\.(js|d\.ts)$/.test(file)).flatMap((file) => importFaults(file, holds, read)),
    ...targetsOf(pkg.exports)
      .filter((target) => !holds(target))
      .map((target) => `"exports" names ${target}, which is not there`),
    ...Object.keys(pkg.dependencies ?? {}).map((name) => `depends on ${name}: the package may have peers only`),
    ...Object.keys(pkg.scripts ?? {})
      .filter((name) => /^(pre|post)?install$/.test(name))
      .map((name) => `runs a script when it is installed: ${name}`),
  ];
}

/**
 * @param {string} file
 * @param {(file: string) => boolean} holds
 * @param {Tarball['read']} read
 */
function sourceMapFaults(file, holds, read) {
  const map = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(read(file))?.[1];
  const place = path.posix.join(path.posix.dirname(file), map ?? '');
  if (map === undefined || !holds(place)) return [`${file} has no source map`];
  const { sources, sourcesContent = [] } = JSON.parse(read(place));
  // An entry point that only hands on what is elsewhere has no line of its own.
  const code = read(file).replace(/^(import|export) [^;]*;$|^\/\/.*$/gm, '');
  if (sources.length === 0 && code.trim() !== '') return [`${place} maps nothing`];
  return sources
    .filter(
      (/** @type {string} */ source, /** @type {number} */ index) =>
        typeof sourcesContent[index] !== 'string' && !holds(path.posix.join(path.posix.dirname(place), source)),
    )
    .map((/** @type {string} */ source) => `${place} points to ${source}, which is not there`);
}

/**
 * @param {string} file
 * @param {(file: string) => boolean} holds
 * @param {Tarball['read']} read
 */
function importFaults(file, holds, read) {
  const imports = read(file).matchAll(/(?:\bfrom |\bimport |\bimport\(|\brequire\()["'](\.[^"']+)["']/g);
  return [...imports]
    .map(([, to = '']) => to)
    .filter((to) => {
      const place = path.posix.join(path.posix.dirname(file), to);
      return !holds(file.endsWith('.d.ts') ? place.replace(/js$/, 'd.ts') : place);
    })
    .map((to) => `${file} imports ${to}, which is not there`);
}

/**
 * The files that "exports" leads to.
 *
 * @param {unknown} target
 * @returns {string[]}
 */
function targetsOf(target) {
  return typeof target === 'string' ? [target] : Object.values(/** @type {object} */ (target)).flatMap(targetsOf);
}
