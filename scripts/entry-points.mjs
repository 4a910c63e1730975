// What users can import, read from "exports" in package.json: every script that needs a list of doors takes it from here.
import { readFileSync } from 'node:fs';

const pkg = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** @type {{ specifier: string, subpath: string, module: string }[]} `module` is relative to lib and dist/esm, without extension. */
export const entryPoints = Object.entries(pkg.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath, target]) => ({
    specifier: pkg.name + subpath.slice(1),
    subpath,
    module: target.import.default.replace(/^\.\/dist\/esm\//, '').replace(/\.js$/, ''),
  }));

/**
 * The names that a door exports: it holds nothing but `export { … } from '…'`.
 *
 * @param {{ module: string }} door
 * @param {'export' | 'export type'} statement
 */
export function namesOf({ module }, statement) {
  const text = readFileSync(new URL(`../lib/${module}.ts`, import.meta.url), 'utf8');
  const lists = text.matchAll(new RegExp(`^${statement} \\{(.*?)\\}`, 'gms'));
  return [...lists].flatMap(([, names = '']) => names.replace(/\w+ as /g, '').match(/\w+/g) ?? []);
}
