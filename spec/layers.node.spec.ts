import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Who may import whom. What is not listed may not be imported. */
const layers: Record<string, readonly string[]> = {
  core: ['core', 'rxjs'],
  observables: ['core', 'observables', 'rxjs'],
  operators: ['core', 'observables', 'operators', 'rxjs'],
  adapters: ['core', 'observables', 'rxjs'], // and the one world that the file adapts: see mayUse
  testing: ['core', 'observables', 'testing', 'rxjs', 'rxjs/testing'],
  door: ['core', 'observables', 'operators', 'adapters'],
};

/** The values that the core may take from rxjs; types are free. */
const rxjsForCore = ['Observable', 'NEVER', 'asyncScheduler', 'config'];

interface Import {
  /** A layer, or the name of a package. */
  from: string;
  /** Relative to lib, without its ending; empty for a package. */
  file: string;
  /** Names of values; those of types are left out. */
  values: string[];
}

interface Module {
  /** Relative to lib, without its ending. */
  file: string;
  layer: string;
  text: string;
  /** Without comments. */
  code: string;
  imports: Import[];
  /** Names of what it exports. */
  values: string[];
}

const modules = readdirSync('lib', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .map(read);

function read(name: string): Module {
  const file = name.replace(/\.ts$/, '');
  const text = readFileSync(path.join('lib', name), 'utf8');
  const code = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '').replace(/\s\/\/ .*$/gm, '');
  const imports: Import[] = [];
  const statement =
    /^(?:import|export)\s+(?<type>type\s+)?(?:(?<names>\*(?:\s+as\s+\w+)?|\w*(?:,\s*)?(?:\{[^}]*\})?)\s*from\s*)?'(?<from>[^']+)'/gm;
  for (const { groups } of code.matchAll(statement)) {
    const { type, names = '', from = '' } = groups!;
    const values = type ? [] : [...names.matchAll(/(?<type>\btype\s+)?(?<name>[\w*]+)(?:\s+as\s+\w+)?/g)];
    imports.push({
      ...target(file, from),
      values: values.filter((name) => !name.groups!.type).map((name) => name.groups!.name!),
    });
  }
  for (const [, from] of code.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) {
    imports.push({ ...target(file, from!), values: ['*'] });
  }
  const values = [...code.matchAll(/^export\s+(?:abstract\s+)?(?:function\*?|class|const|let)\s+(\w+)/gm)].map(
    ([, value]) => value!,
  );
  return { file, layer: layerOf(file), text, code, imports, values: [...new Set(values)] };
}

function target(file: string, from: string): { from: string; file: string } {
  if (!from.startsWith('.')) return { from, file: '' };
  const to = path.posix.join(path.posix.dirname(file), from).replace(/\.js$/, '');
  return { from: layerOf(to), file: to };
}

function layerOf(file: string): string {
  return file === 'index' ? 'door' : file.split('/')[0]!;
}

/** `adapters/node.ts` and all in `adapters/node/` adapt one world. */
function worldOf(file: string): string {
  return file.split('/')[1] ?? '';
}

/** A Node server reads the headers that travel between processes; AbortSignals are a part of every world. */
function mayUse(world: string, other: string): boolean {
  return world === other || other === 'withCancelOn' || (world === 'node' && other === 'http');
}

const inLayer = (...names: string[]) => modules.filter(({ layer }) => names.includes(layer));

describe('lib', () => {
  it('is read by this spec as it is', () => {
    expect(modules.length).toBeGreaterThan(10);
    expect(inLayer('core').length).toBeGreaterThan(4);
    expect(inLayer('operators').length).toBeGreaterThan(4);
    const imports = modules.flatMap((module) => module.imports);
    // Every module but the leaves of core imports something, and every import is counted.
    expect(imports.length).toBe(
      modules.map(({ code }) => code.match(/\bfrom\s+'/g)?.length ?? 0).reduce((a, b) => a + b),
    );
    expect(imports.some(({ from }) => from === 'rxjs')).toBeTrue();
    for (const { file, imports: all } of modules) {
      for (const { from, file: imported } of all) {
        if (imported)
          expect(existsSync(`lib/${imported}.ts`))
            .withContext(`${file} imports ${from}`)
            .toBeTrue();
      }
    }
  });

  it('has no layer that the table does not know', () => {
    for (const { file, layer } of modules) expect(Object.keys(layers)).withContext(file).toContain(layer);
  });

  it('imports downwards only', () => {
    for (const { file, layer, imports } of modules) {
      const worlds = new Set<string>();
      for (const { from, file: imported } of imports) {
        if (layers[layer]!.includes(from)) continue;
        if (from === 'adapters' && mayUse(worldOf(file), worldOf(imported))) continue;
        const world = layer === 'adapters' && !Object.hasOwn(layers, from) && !from.startsWith('rxjs');
        if (world) worlds.add(from.startsWith('node:') ? 'node:' : from);
        else fail(`lib/${file}.ts imports ${from}`);
      }
      expect(worlds.size).withContext(`worlds of lib/${file}.ts`).toBeLessThanOrEqual(1);
    }
  });

  it('is imported by nobody through the door', () => {
    for (const { file, imports } of modules) {
      for (const { from } of imports)
        expect(from)
          .withContext(`lib/${file}.ts`)
          .not.toMatch(/^(door|rxjs-ctx.*)$/);
    }
  });

  it(`takes into the core from rxjs only ${rxjsForCore.join(', ')} and types`, () => {
    for (const { file, imports } of inLayer('core')) {
      for (const { from, values } of imports) {
        if (from !== 'rxjs') continue;
        for (const value of values) expect(rxjsForCore).withContext(`lib/${file}.ts`).toContain(value);
      }
    }
  });

  it('has doors of named exports only: no logic, no `export *`', () => {
    const targets = readFileSync('package.json', 'utf8').matchAll(/"\.\/dist\/esm\/(.+)\.js"/g);
    const files = new Set([...targets].map(([, file]) => file));
    const doors = modules.filter(({ file }) => files.has(file));
    expect(doors.map(({ file }) => file)).toContain('index');
    expect(doors.length).toBe(files.size);
    const statement = /export\s+(?:type\s+)?\{[\s\w,]+\}\s+from\s+'\.\/[\w/.]+\.js';/g;
    for (const { file, code } of doors) {
      expect(code.match(statement)?.length).withContext(file).toBeGreaterThan(0);
      expect(code.replace(statement, '').trim()).withContext(file).toBe('');
    }
  });

  it('has no drawer for odds and ends', () => {
    for (const { file } of modules)
      expect(file).not.toMatch(/(^|\/)(utils?|common|helpers?|types|misc|internal|shared)(\/|$)/);
  });

  it('has one export a file in operators and observables, with the name of the file', () => {
    for (const { file, layer, values } of inLayer('operators', 'observables')) {
      const name = path.posix.basename(file);
      expect(values).withContext(`lib/${file}.ts`).toEqual([name]);
      if (layer === 'operators' && name !== 'ctxValue') expect(name).toMatch(/Ctx$/);
      expect(file).toBe(`${layer}/${name}`);
    }
  });

  it('has an export with the name of the file in every adapter', () => {
    for (const { file, values } of inLayer('adapters')) {
      const name = path.posix.basename(file);
      if (name.startsWith('with')) expect(values).withContext(`lib/${file}.ts`).toContain(name);
    }
    expect(inLayer('adapters').length).toBeGreaterThan(0);
  });

  it('has a spec for every operator and observable that a door names', () => {
    const named = modules.filter(({ layer }) => layer === 'door').flatMap(({ imports }) => imports);
    for (const { file } of inLayer('operators', 'observables')) {
      if (!named.some((one) => one.file === file)) continue;
      expect(existsSync(`spec/${file}.spec.ts`) || existsSync(`spec/${file}.node.spec.ts`))
        .withContext(`spec/${file}.spec.ts`)
        .toBeTrue();
    }
  });

  it('marks nothing private by an underscore or a tag', () => {
    for (const { file, text } of modules) {
      expect(text)
        .withContext(`lib/${file}.ts`)
        .not.toMatch(/@internal|@private|[^\w$]_[a-z]\w*/);
    }
  });
});

describe('gateway/', () => {
  /** What a file of the gateway imports, as written; types too. */
  const importsOf = (file: string) =>
    [...readFileSync(path.join('gateway', file), 'utf8').matchAll(/^(import (?:type )?)?.*\bfrom '([^']+)';$/gm)].map(
      ([, statement, from]) => ({ from: from!, type: statement === 'import type ' }),
    );
  const files = readdirSync('gateway', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  it('knows the library by its doors alone', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
    const doors = Object.keys(exports).map((subpath) => path.posix.join('rxjs-ctx', subpath));
    const seen = new Set<string>();
    for (const file of files) {
      for (const { from } of importsOf(file)) {
        const inside = from.startsWith('.') && !path.join(path.dirname(file), from).startsWith('..');
        expect(inside || !from.startsWith('.'))
          .withContext(`gateway/${file} imports ${from}`)
          .toBeTrue();
        if (from.startsWith('rxjs-ctx')) seen.add(from);
      }
    }
    expect([...seen].sort()).toEqual(['rxjs-ctx', 'rxjs-ctx/http', 'rxjs-ctx/node']);
    expect(doors).toEqual(jasmine.arrayContaining([...seen]));
  });

  it('has nothing of Node in the page', () => {
    const page = files.filter((file) => /^(page|client\.ts|rows\.ts|protocol\.ts)/.test(file) && file !== 'page.ts');
    expect(page.length).toBeGreaterThan(10);
    for (const file of page) {
      for (const { from, type } of importsOf(file)) {
        if (type) continue;
        expect(from)
          .withContext(`gateway/${file}`)
          .toMatch(/^(rxjs|rxjs-ctx|rxjs-ctx\/http|\.\/\w+\.js|\.\.\/(client|rows|protocol)\.js)$/);
      }
    }
  });
});
