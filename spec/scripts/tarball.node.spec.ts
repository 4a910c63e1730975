import { faultsOf, maxBytes, maxFiles } from '../../scripts/tarball.mjs';

const sound: Record<string, string> = {
  'package.json': JSON.stringify({ exports: { '.': { import: { default: './dist/esm/index.js' } } } }),
  'README.md': '',
  LICENSE: '',
  'dist/esm/index.js': 'export * from "./shared.js";\n//# sourceMappingURL=index.js.map\n',
  'dist/esm/index.js.map': JSON.stringify({ sources: ['../../lib/index.ts'], sourcesContent: ['export {}'] }),
  'dist/esm/shared.js': 'import { of } from "rxjs";\nof(1);\n//# sourceMappingURL=shared.js.map\n',
  'dist/esm/shared.js.map': JSON.stringify({ sources: ['./index.js'] }),
  'dist/esm/index.d.ts': "export type { Key } from './core/key.js';",
  'dist/esm/core/key.d.ts': 'export type Key = string;',
};

function faults(changes: Record<string, string | undefined>, bytes = 100): string[] {
  const files = Object.entries({ ...sound, ...changes }).filter(([, text]) => text !== undefined);
  const texts = new Map(files);
  return faultsOf({ files: [...texts.keys()], bytes, read: (file) => texts.get(file)! });
}

describe('faultsOf a tarball', () => {
  it('finds none in a sound one', () => {
    expect(faults({})).toEqual([]);
  });

  it('finds what does not belong there', () => {
    expect(faults({ 'lib/index.ts': '', 'dist/esm/tree.spec.js': '\n//# sourceMappingURL=shared.js.map' })).toEqual([
      'lib/index.ts does not belong into the package',
      'dist/esm/tree.spec.js does not belong into the package',
    ]);
  });

  it('finds what is missing', () => {
    expect(faults({ LICENSE: undefined })).toEqual(['LICENSE is missing']);
    expect(faults({ 'dist/esm/index.js': undefined })).toEqual([
      'dist/esm/shared.js.map points to ./index.js, which is not there',
      '"exports" names ./dist/esm/index.js, which is not there',
    ]);
  });

  it('finds a source map that points to nothing', () => {
    expect(faults({ 'dist/esm/index.js.map': JSON.stringify({ sources: ['../../lib/index.ts'] }) })).toEqual([
      'dist/esm/index.js.map points to ../../lib/index.ts, which is not there',
    ]);
    expect(faults({ 'dist/esm/shared.js.map': undefined })).toEqual(['dist/esm/shared.js has no source map']);
    expect(faults({ 'dist/esm/shared.js.map': '{"sources":[]}' })).toEqual(['dist/esm/shared.js.map maps nothing']);
    // An entry point that only hands on has no line of its own.
    expect(faults({ 'dist/esm/index.js.map': '{"sources":[]}' })).toEqual([]);
  });

  it('finds an import that leads nowhere, in code and in declarations', () => {
    expect(faults({ 'dist/esm/core/key.d.ts': undefined })).toEqual([
      'dist/esm/index.d.ts imports ./core/key.js, which is not there',
    ]);
    expect(faults({ 'dist/cjs/index.js': 'require("./gone.js");\n//# sourceMappingURL=../esm/index.js.map' })).toEqual([
      'dist/cjs/index.js imports ./gone.js, which is not there',
    ]);
  });

  it('finds a dependency, and a script that installing runs', () => {
    const pkg = JSON.stringify({ exports: {}, dependencies: { a: '1' }, scripts: { postinstall: 'x', build: 'y' } });
    expect(faults({ 'package.json': pkg })).toEqual([
      'depends on a: the package may have peers only',
      'runs a script when it is installed: postinstall',
    ]);
  });

  it('finds too much of it', () => {
    const many = Array.from({ length: maxFiles }, (_, i) => [`dist/esm/${String(i)}.d.ts`, ''] as const);
    expect(faults(Object.fromEntries(many)).length).toBe(1);
    expect(faults({}, maxBytes)).toEqual([`${String(maxBytes)} bytes: they must be under ${String(maxBytes)}`]);
  });
});
