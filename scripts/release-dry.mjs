// Makes the release without publishing it, and proves the tarball: what is in it, and nothing else; no source map that
// points to nothing; no import of a file that is not there; small. Ends with what a real release still needs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const maxFiles = 120;
const maxBytes = 150_000;
const expected = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/(cjs\/package\.json|.+\.(js|js\.map|d\.ts)))$/;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const dir = 'build/release';
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });
const printed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', dir], { encoding: 'utf8' });
const [tarball] = JSON.parse(printed.slice(printed.indexOf('[\n')));
execFileSync('tar', ['-xzf', path.join(dir, tarball.filename), '-C', dir]);

/** @type {string[]} */
const files = tarball.files.map((/** @type {{ path: string }} */ file) => file.path);
const read = (/** @type {string} */ file) => readFileSync(path.join(dir, 'package', file), 'utf8');
const holds = (/** @type {string} */ file) => files.includes(path.posix.normalize(file));
const pkg = JSON.parse(read('package.json'));

/** @type {string[]} */
const faults = [];
/** @param {boolean} ok @param {string} fault */
const must = (ok, fault) => void (ok || faults.push(fault));

must(files.length < maxFiles, `${files.length} files: they must be under ${maxFiles}`);
must(tarball.size < maxBytes, `${tarball.size} bytes: they must be under ${maxBytes}`);
for (const file of files) {
  must(expected.test(file) && !file.includes('spec'), `${file} does not belong into the package`);
  if (file.endsWith('.js')) checkSourceMap(file);
  if (/\.(js|d\.ts)$/.test(file)) checkImports(file);
}
for (const target of targetsOf(pkg.exports)) must(holds(target), `"exports" names ${target}, which is not there`);
must(holds('LICENSE') && holds('README.md'), 'LICENSE or README.md is missing');
must(Object.keys(pkg.dependencies ?? {}).length === 0, 'the package has a dependency: it may have peers only');
must(!/"(pre|post)?install"/.test(JSON.stringify(pkg.scripts)), 'the package runs a script when it is installed');

/** @param {string} file */
function checkSourceMap(file) {
  const map = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(read(file))?.[1];
  const place = path.posix.join(path.posix.dirname(file), map ?? '');
  if (map === undefined || !holds(place)) return must(false, `${file} has no source map`);
  const { sources, sourcesContent = [] } = JSON.parse(read(place));
  must(sources.length > 0, `${place} maps nothing`);
  sources.forEach((/** @type {string} */ source, /** @type {number} */ i) => {
    const there = typeof sourcesContent[i] === 'string' || holds(path.posix.join(path.posix.dirname(place), source));
    must(there, `${place} points to ${source}, which is not there`);
  });
}

/** @param {string} file */
function checkImports(file) {
  for (const [, to = ''] of read(file).matchAll(/(?:\bfrom |\bimport |\bimport\(|\brequire\()["'](\.[^"']+)["']/g)) {
    const place = path.posix.join(path.posix.dirname(file), to);
    must(
      holds(file.endsWith('.d.ts') ? place.replace(/js$/, 'd.ts') : place),
      `${file} imports ${to}, which is not there`,
    );
  }
}

/**
 * @param {unknown} target
 * @returns {string[]}
 */
function targetsOf(target) {
  return typeof target === 'string' ? [target] : Object.values(/** @type {object} */ (target)).flatMap(targetsOf);
}

for (const { path: file, size } of tarball.files) console.log(`${String(size).padStart(8)}  ${file}`);
console.log(
  `\n${tarball.filename}: ${files.length} files (of at most ${maxFiles - 1}), ${tarball.size} bytes packed (under ${maxBytes}), ` +
    `${tarball.unpackedSize} unpacked\n${tarball.integrity}`,
);

/** What this machine cannot prove. */
const before = [
  !read('CHANGELOG.md').includes(`## [${pkg.version}]`) && `a section [${pkg.version}] in CHANGELOG.md`,
  pkg.repository === undefined && '"repository" in package.json: provenance names the commit that was built',
  process.env.GITHUB_ACTIONS === undefined &&
    'to be published by CI with `npm publish --provenance` and `id-token: write`: never from a desk',
].filter((note) => typeof note === 'string');
for (const note of before) console.log(`before a release: ${note}`);
for (const fault of faults) console.error(`FAULT: ${fault}`);
if (faults.length > 0) process.exit(1);
