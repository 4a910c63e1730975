// Makes the release without publishing it, lists the tarball, proves it (tarball.mjs), and says what a real release still needs:
// with --final, as a release runs it, that is a fault.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOf, maxBytes, maxFiles } from './tarball.mjs';

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

for (const { path: file, size } of tarball.files) console.log(`${String(size).padStart(8)}  ${file}`);
console.log(
  `\n${tarball.filename}: ${files.length} files (of at most ${maxFiles - 1}), ${tarball.size} bytes packed (under ${maxBytes}), ` +
    `${tarball.unpackedSize} unpacked\n${tarball.integrity}`,
);

/** What this machine cannot prove. */
const pkg = JSON.parse(read('package.json'));
const before = [
  !read('CHANGELOG.md').includes(`## [${pkg.version}]`) && `a section [${pkg.version}] in CHANGELOG.md`,
  pkg.repository === undefined && '"repository" in package.json: provenance names the commit that was built',
  process.env.GITHUB_REF_NAME !== `v${pkg.version}` &&
    `the tag v${pkg.version}, from which .github/workflows/release.yml publishes with provenance: never from a desk`,
].filter((note) => typeof note === 'string');
for (const note of before) console.log(`before a release: ${note}`);

const faults = faultsOf({ files, bytes: tarball.size, read });
if (process.argv.includes('--final')) faults.push(...before.map((note) => `missing: ${note}`));
for (const fault of faults) console.error(`FAULT: ${fault}`);
if (faults.length > 0) process.exit(1);
